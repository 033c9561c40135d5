package driver

import (
	"context"
	"fmt"
	"strings"

	"pitwall"
	"pitwall/cache/runs"
)

// alerted is a run's journal that tells a person what cannot wait: a halt (of a person, a
// breaker or a difference), an order, change or cancel without an answer, a broker that
// cannot be read. A journal that cannot be written halts trading at a broker.
type alerted struct {
	*runs.Folder
	tell   func(text string) // must not block
	failed func(error)       // is called when a line cannot be written
}

// Append implements pitwall.Journal.
func (a alerted) Append(ctx context.Context, e pitwall.Entry) (int64, error) {
	n, err := a.Folder.Append(ctx, e)
	switch {
	case err != nil:
		a.failed(err)
		a.tell("the journal cannot be written, so nothing is sent: " + err.Error())
	case e.Kind == pitwall.EntryHalt, e.Kind == pitwall.EntryWarning:
		a.tell(e.Note)
	case e.Kind == pitwall.EntryOrder && e.State != nil && e.State.Status == pitwall.Unknown:
		a.tell(fmt.Sprintf("order %s has no answer: %s %v %s may or may not be at the broker, and counts against limits", e.ID, e.State.Side, e.State.Qty, e.State.Symbol))
	case e.Kind == pitwall.EntryOrder && e.State == nil && strings.HasPrefix(e.Note, string(pitwall.Timeout)+": "):
		a.tell(fmt.Sprintf("a change or cancel of order %s has no answer, and may or may not have been made: %s", e.ID, e.Note))
	}
	return n, err
}
