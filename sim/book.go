package sim

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"sort"
	"time"

	"pitwall"
)

// BookClock is a venue's clock as the holder of one book sees it: the time is the venue's,
// and what happened is what happened to the book. It implements pitwall.Clock and
// pitwall.SimClock.
type BookClock struct {
	v    *Venue
	book int
}

// Clock returns the clock of a book.
func (v *Venue) Clock(book string) (*BookClock, error) {
	i, err := v.book(book)
	return &BookClock{v, i}, err
}

// Now implements pitwall.Clock.
func (c *BookClock) Now() time.Time { return c.v.Now() }

// Next implements pitwall.Clock: it moves all books.
func (c *BookClock) Next(ctx context.Context, after time.Time) (time.Time, error) {
	return c.v.Next(ctx, after)
}

// Progress implements pitwall.SimClock. The digest is of what was asked for the book, and of
// its equity and cash after each step: another book's orders are not in it.
func (c *BookClock) Progress() pitwall.SimProgress {
	p := c.v.Progress()
	c.v.mu.Lock()
	defer c.v.mu.Unlock()
	sum := sha256.Sum256(append([]byte(c.v.engine.BookDigest(c.book)), c.v.askedBy[c.book].Sum(nil)...))
	p.Digest = hex.EncodeToString(sum[:])
	return p
}

// Equity implements pitwall.SimClock.
func (c *BookClock) Equity() []pitwall.EquityPoint {
	c.v.mu.Lock()
	defer c.v.mu.Unlock()
	return c.v.curve(c.book)
}

// Flows implements pitwall.SimClock.
func (c *BookClock) Flows(after time.Time) []pitwall.CashFlow {
	c.v.mu.Lock()
	defer c.v.mu.Unlock()
	return c.v.flowsOf(c.book, after)
}

// curve returns a book's equity points so far. They are added and never changed.
func (v *Venue) curve(book int) []pitwall.EquityPoint {
	points := v.equity[book]
	return points[:len(points):len(points)]
}

func (v *Venue) flowsOf(book int, after time.Time) []pitwall.CashFlow {
	flows := v.flows[book]
	from := sort.Search(len(flows), func(i int) bool { return flows[i].Time.After(after) })
	return append([]pitwall.CashFlow(nil), flows[from:]...)
}
