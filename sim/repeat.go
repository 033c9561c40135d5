package sim

import (
	"context"
	"errors"
	"io"
	"time"

	"pitwall"
)

// Repeat sends a journal's orders to a new venue, each at its time, and returns the
// venue's digest. It journals into memory, whatever cfg says.
func Repeat(cfg Config, journal []pitwall.Entry) (string, error) {
	ctx := context.Background()
	cfg.Journal = &pitwall.MemoryJournal{}
	v, err := New(cfg)
	if err != nil {
		return "", err
	}
	advance := func(until time.Time) error {
		for v.Now().Before(until) {
			if _, err := v.Next(ctx, v.Now()); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
		}
		return nil
	}
	for _, e := range journal {
		if e.Kind != pitwall.EntryIntent && e.Kind != pitwall.EntryMark {
			continue
		}
		if err := advance(e.AsOf); err != nil {
			return "", err
		}
		switch { // a refusal is part of the record; sim/audit compares it
		case e.Verb == "submit" && e.Order != nil:
			_, _ = v.Submit(ctx, *e.Order)
		case e.Verb == "replace" && e.Change != nil:
			_, _ = v.Replace(ctx, e.ID, *e.Change)
		case e.Verb == "cancel":
			_, _ = v.Cancel(ctx, e.ID)
		}
	}
	return v.Progress().Digest, nil
}
