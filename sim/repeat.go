package sim

import (
	"context"
	"errors"
	"io"

	"pitwall"
)

// Repeat sends a journal's orders to a new venue, each at its time, and returns the
// venue's digest. It journals into memory, whatever cfg says. A journal of several books
// says which, and with what each began.
func Repeat(cfg Config, journal []pitwall.Entry) (string, error) {
	cfg.Journal = &pitwall.MemoryJournal{}
	cfg.Books = nil
	for _, e := range journal {
		if e.Kind == pitwall.EntryStart && e.Book != pitwall.MainBook {
			cfg.Books = append(cfg.Books, Book{Name: e.Book, Cash: e.Amount, Terms: cfg.Terms})
		}
	}
	for _, e := range journal {
		if e.Kind == pitwall.EntryStart && e.Book == pitwall.MainBook && len(cfg.Books) > 0 {
			cfg.Cash = e.Amount
		}
	}
	v, err := New(cfg)
	if err != nil {
		return "", err
	}
	if err := v.Repeat(journal); err != nil {
		return "", err
	}
	return v.Progress().Digest, nil
}

// Repeat sends a journal's orders to the venue, each at its time; what was not sent
// then is not sent now.
func (v *Venue) Repeat(journal []pitwall.Entry) error {
	ctx := context.Background()
	unsent := pitwall.Unsent(journal)
	for _, e := range journal {
		if e.Kind != pitwall.EntryIntent && e.Kind != pitwall.EntryMark || unsent[e.Seq] {
			continue
		}
		for v.Now().Before(e.AsOf) {
			if _, err := v.Next(ctx, v.Now()); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				return err
			}
		}
		ctx := pitwall.WithCause(ctx, e.Cause)
		switch { // a refusal is part of the record; sim/audit compares it
		case e.Verb == "submit" && e.Order != nil:
			_, _ = v.Submit(ctx, *e.Order)
		case e.Verb == "replace" && e.Change != nil:
			_, _ = v.Replace(ctx, e.ID, *e.Change)
		case e.Verb == "cancel":
			_, _ = v.Cancel(ctx, e.ID)
		case e.Verb == "transfer":
			_ = v.repeatTransfer(ctx, e)
		}
	}
	return nil
}
