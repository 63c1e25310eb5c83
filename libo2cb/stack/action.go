// SPDX-License-Identifier: Apache-2.0

package stack

// Verb says what an action did to its object.
type Verb string

// The verbs of Load and Unload.
const (
	LoadModule   Verb = "load module"
	RemoveModule Verb = "remove module"
	Mounting     Verb = "mount"
	Unmounting   Verb = "unmount"
	MakeDir      Verb = "create directory"
	RemoveDir    Verb = "remove directory"
	Select       Verb = "select cluster stack"
)

// Action is one thing that Load or Unload did, or found done.
type Action struct {
	Verb    Verb   `json:"verb"`
	Object  string `json:"object"`  // a module, a directory or a stack's label
	Already bool   `json:"already"` // it was so before, nothing was changed
}

// String returns the action in words: "load module configfs" or, when nothing
// was changed, "load module configfs: already done".
func (a Action) String() string {
	text := string(a.Verb) + " " + a.Object
	if a.Already {
		text += ": already done"
	}
	return text
}

// actions collects what happens and tells the observer.
type actions struct {
	list    []Action
	observe func(Action)
}

// newActions returns an empty list, which as JSON is one too. observe may be nil.
func newActions(observe func(Action)) actions {
	return actions{list: []Action{}, observe: observe}
}

func (a *actions) add(verb Verb, object string, already bool) {
	action := Action{Verb: verb, Object: object, Already: already}
	a.list = append(a.list, action)
	if a.observe != nil {
		a.observe(action)
	}
}
