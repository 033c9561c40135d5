package sim

import (
	"context"
	"fmt"
	"io"
	"strings"

	"pitwall"
)

// transferID begins the id of a transfer's entry; the book that gets the money follows.
const transferID = "transfer-"

// Spare returns what a book can give away (section 8 of RULES.md).
func (v *Venue) Spare(book string) (pitwall.Dec, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	i, err := v.book(book)
	if err != nil {
		return 0, err
	}
	return v.engine.Spare(i)
}

// Transfer moves cash from one book to another at once. It is neither's gain or loss.
func (v *Venue) Transfer(ctx context.Context, from, to string, amount pitwall.Dec) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.failed != nil {
		return v.failed
	}
	i, err := v.book(from)
	if err != nil {
		return err
	}
	k, err := v.book(to)
	if err != nil {
		return err
	}
	spare, err := v.engine.Spare(i)
	switch {
	case err != nil:
		return err
	case i == k || amount <= 0:
		return pitwall.Errorf(pitwall.InvalidInput, "a transfer of %v from %s to %s", amount, from, to).Hintf("give an amount above 0 and two books")
	case amount > spare:
		return pitwall.Errorf(pitwall.BuyingPower, "%s can give %v, not %v", from, spare, amount).Hintf("what positions and open orders need stays in the book")
	}
	if _, err := v.cfg.Journal.Append(ctx, pitwall.Entry{AsOf: v.now(), Kind: pitwall.EntryIntent, Verb: "transfer", Book: v.books[i], ID: transferID + v.books[k], Amount: amount}); err != nil {
		return err
	}
	v.remember(v.books[i], "transfer", v.books[i], v.books[k], fmt.Sprint(amount, v.engine.Now()))
	if len(v.askedBy) > 0 {
		_, _ = io.WriteString(v.askedBy[k], fmt.Sprintln("transfer", v.books[i], v.books[k], amount, v.engine.Now())) // a hash takes everything
	}
	if err := v.engine.Transfer(i, k, amount); err != nil {
		v.failed = err
		return err
	}
	v.marks[i].Transfer(-amount)
	v.marks[k].Transfer(amount)
	return v.drain(ctx, nil)
}

// repeatTransfer makes the transfer of a journal's entry again.
func (v *Venue) repeatTransfer(ctx context.Context, e pitwall.Entry) error {
	return v.Transfer(ctx, e.Book, strings.TrimPrefix(e.ID, transferID), e.Amount)
}
