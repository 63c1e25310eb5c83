// SPDX-License-Identifier: Apache-2.0

package settings

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/o2cb-go/o2cb/libo2cb/cluster"
)

// Interview asks a person for the settings, question by question: what the C init
// script asks with "configure". It neither prints nor reads, so that whatever shows
// the prompts and fetches the answers can hold one:
//
//	for i := NewInterview(now); !i.Done(); {
//		show(i.Prompt())
//		note, err := i.Answer(fetch()) // with an error the question stands
//	}
//
// The order is that of the original README: enabled and cluster, behind which a
// script that knows no more questions may end; then the stack and the timing.
type Interview struct {
	now     Settings
	answers Answers
	at      topic
	pending string // an answer that belongs to the next question
	script  bool
}

// topic is what a question is about, in the order of the questions.
type topic int

const (
	aboutEnabled topic = iota
	aboutCluster
	aboutStack
	aboutThreshold
	aboutIdle
	aboutKeepalive
	aboutReconnect
	aboutNothing
)

// Asked returns the variables that an interview asks for.
func Asked() []string { return variables()[:aboutNothing] }

// NewInterview begins with what a machine has now.
func NewInterview(now Settings) *Interview { return &Interview{now: now} }

// FromScript tells that the answers were written down before the questions were
// asked. Those for the dialogues of ocfs2-tools are then understood although they have
// another order: 1.4 does not ask for the stack, and 1.8 asks for it before the cluster.
func (i *Interview) FromScript() { i.script = true }

// Done tells whether all questions are answered.
func (i *Interview) Done() bool { return i.at == aboutNothing }

// Answers returns what was answered and not kept.
func (i *Interview) Answers() Answers { return i.answers }

// Prompt returns the question, with what Enter keeps in brackets, as the C init
// script writes it. vendor/common/o2cb.init.sh of ocfs2-tools.
func (i *Interview) Prompt() string {
	switch i.at {
	case aboutEnabled:
		now := "n"
		if i.now.Enabled {
			now = "y"
		}
		return fmt.Sprintf("Load O2CB driver on boot (y/n) [%s]: ", now)
	case aboutCluster:
		return fmt.Sprintf("Cluster to start on boot (Enter \"none\" to clear) [%s]: ", i.now.BootCluster)
	case aboutStack:
		return fmt.Sprintf("Cluster stack backing O2CB [%s]: ", cmp.Or(i.now.Stack, usualStack))
	}
	n := i.number()
	return fmt.Sprintf("Specify %s%s (>=%d) [%d]: ", n.name, n.unit, n.least(), n.now)
}

// usualStack is the label of the stack that this package is for.
const usualStack = "o2cb"

// Keep keeps what there is, without a look at it: the answers have ended.
func (i *Interview) Keep() { i.at++ }

// Pending returns an answer that was given too early, and that belongs to the question that
// stands now.
func (i *Interview) Pending() (answer string, ok bool) {
	answer, i.pending = i.pending, ""
	return answer, answer != ""
}

// Answer takes the answer to the question; an empty one keeps what there is. The error
// says what is allowed, and then the question stands. The note, when there is one,
// says how an answer was understood that has another place.
func (i *Interview) Answer(text string) (note string, err error) {
	text = strings.TrimSpace(text)
	switch i.at {
	case aboutEnabled:
		err = i.enabled(text)
	case aboutCluster:
		err = i.cluster(text)
	case aboutStack:
		if note := i.misplaced(text); note != "" {
			i.at++
			return note, nil
		}
		err = i.stack(text)
	default:
		err = i.number().take(text)
	}
	if err == nil {
		i.at++
	}
	return "", err
}

// wrongAnswer says what is allowed, in the words of the C init script where it has some.
type wrongAnswer string

func (w wrongAnswer) Error() string { return string(w) }

func wrong(format string, args ...any) error { return wrongAnswer(fmt.Sprintf(format, args...)) }

func (i *Interview) enabled(text string) error {
	yes := false
	switch strings.ToLower(text) {
	case "":
		return nil
	case "y", "yes":
		yes = true
	case "n", "no":
	default:
		return wrong("Invalid answer: %s (y or n)", text)
	}
	i.answers.Enabled = &yes
	return nil
}

func (i *Interview) cluster(text string) error {
	if text == "" {
		return nil
	}
	if text != NoCluster && (Change{BootCluster, text}).Check() != nil {
		return wrong("Invalid cluster name: %s (1 to %d letters, digits, - and _, the first one a letter; or none)", text, cluster.MaxClusterName)
	}
	i.answers.Cluster = &text
	return nil
}

func (i *Interview) stack(text string) error {
	if text == "" {
		return nil
	}
	if (Change{Stack, text}).Check() != nil {
		return wrong("Invalid cluster stack: %s (a label of %d letters or digits, such as %s)", text, stackLabelLength, usualStack)
	}
	i.answers.Stack = &text
	return nil
}

// misplaced takes an answer about the stack from a script that answers the questions
// of ocfs2-tools, and tells how; nothing when it is none.
func (i *Interview) misplaced(text string) (note string) {
	if !i.script || text == "" {
		return ""
	}
	if isDecimal(text) {
		i.pending = text
		return fmt.Sprintf("took %s for the heartbeat dead threshold: the answers have the order of ocfs2-tools 1.4, which asks for no stack", text)
	}
	first := i.answers.Cluster
	inOrder := first != nil && *first != usualStack || text == usualStack
	isCluster := text == NoCluster || (Change{BootCluster, text}).Check() == nil
	isStack := text != NoCluster && (Change{Stack, text}).Check() == nil
	if inOrder || !isCluster || first == nil && isStack {
		return ""
	}
	i.answers.Stack, i.answers.Cluster = first, &text
	return fmt.Sprintf("took %s for the cluster: the answers have the order of ocfs2-tools 1.8, which asks for the stack first", text)
}

// numberQuestion is a question about a number.
type numberQuestion struct {
	name, unit string
	setting    cluster.Setting
	now        int64   // what Enter keeps; the kernel's own when the file has none
	answer     **int64 // where it goes
	below      int64   // the number must stay below it, when it is not 0
}

// number returns the question about a number that stands.
func (i *Interview) number() numberQuestion {
	now := i.now.Timing().Or(cluster.DefaultTiming())
	idle := now.IdleTimeout.Milliseconds()
	if i.answers.IdleTimeoutMS != nil {
		idle = *i.answers.IdleTimeoutMS
	}
	switch i.at {
	case aboutThreshold:
		return numberQuestion{name: "heartbeat dead threshold", setting: cluster.DeadThreshold, now: int64(now.DeadThreshold), answer: &i.answers.HeartbeatThreshold}
	case aboutIdle:
		return numberQuestion{name: "network idle timeout", unit: " in ms", setting: cluster.IdleTimeout, now: idle, answer: &i.answers.IdleTimeoutMS}
	case aboutKeepalive:
		return numberQuestion{name: "network keepalive delay", unit: " in ms", setting: cluster.KeepaliveDelay, now: now.KeepaliveDelay.Milliseconds(),
			answer: &i.answers.KeepaliveDelayMS, below: idle}
	}
	return numberQuestion{name: "network reconnect delay", unit: " in ms", setting: cluster.ReconnectDelay, now: now.ReconnectDelay.Milliseconds(), answer: &i.answers.ReconnectDelayMS}
}

func (n numberQuestion) least() uint64 { return cluster.LeastUsual(n.setting) }

// take takes an answer. That a delay stays below the timeout is asked of one that is
// kept, too: the timeout before it may have been lowered.
func (n numberQuestion) take(text string) error {
	number := n.now
	if text != "" {
		if !isDecimal(text) {
			return wrong("Invalid %s value: %s (a number of at least %d)", n.name, text, n.least())
		}
		read, err := strconv.ParseUint(text, 10, 63)
		switch {
		case errors.Is(err, strconv.ErrRange), err == nil && (Change{Variable(n.setting), text}).Check() != nil && read > n.least():
			return wrong("%s cannot be more than %d", n.name, uint64(cluster.MaxTimingNumber))
		case read < n.least():
			return wrong("%s cannot be less than %d", n.name, n.least())
		}
		number = int64(read)
	}
	if n.below != 0 && number >= n.below {
		return wrong("%s must be less than the network idle timeout of %d", n.name, n.below)
	}
	if text != "" {
		*n.answer = &number
	}
	return nil
}
