// SPDX-License-Identifier: Apache-2.0

package main

import "github.com/spf13/cobra"

// addGroup adds verbs to the list that help prints, under a heading of their own.
func addGroup(root *cobra.Command, title string, verbs ...*cobra.Command) {
	root.AddGroup(&cobra.Group{ID: title, Title: title + ":"})
	for _, verb := range verbs {
		verb.GroupID = title
	}
	root.AddCommand(verbs...)
}
