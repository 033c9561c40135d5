package mirror_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"pitwall"
	"pitwall/brokers/mirror"
	"pitwall/brokers/risk"
)

// spied is a broker that notes what it is asked, and that acts while it is asked.
type spied struct {
	*tampered
	onFills, onOpen func() // once, before the answer
	since           []pitwall.Cursor
	ids             []string // that were asked for
	lost            []string // orders that it does not have
	fills           []pitwall.Fill
	day             pitwall.Dec // equity when the day began
}

func once(f *func()) {
	if g := *f; g != nil {
		*f = nil
		g()
	}
}

func (b *spied) Fills(ctx context.Context, since pitwall.Cursor) ([]pitwall.Fill, pitwall.Cursor, error) {
	b.since = append(b.since, since)
	once(&b.onFills)
	list, next, err := b.tampered.Fills(ctx, since)
	return append(list, b.fills...), next, err
}

func (b *spied) Orders(ctx context.Context, q pitwall.OrderQuery) ([]pitwall.OrderState, error) {
	if q.ID != "" {
		b.ids = append(b.ids, q.ID)
	}
	if q.Open && q.ID == "" {
		once(&b.onOpen)
	}
	if slices.Contains(b.lost, q.ID) {
		return nil, pitwall.Errorf(pitwall.UnknownOrder, "none")
	}
	list, err := b.tampered.Orders(ctx, q)
	return slices.DeleteFunc(list, func(s pitwall.OrderState) bool { return slices.Contains(b.lost, s.ID) }), err
}

func (b *spied) Account(ctx context.Context, book string) (pitwall.Account, error) {
	a, err := b.tampered.Account(ctx, book)
	a.DayEquity = max(a.DayEquity, b.day)
	return a, err
}

// stuck is a journal that takes no more lines once it has room for none.
type stuck struct {
	*pitwall.MemoryJournal
	room int
}

func (j *stuck) Append(ctx context.Context, e pitwall.Entry) (int64, error) {
	if j.room--; j.room < 0 {
		return 0, errors.New("no space")
	}
	return j.MemoryJournal.Append(ctx, e)
}

// spy opens a mirror of a desk's broker that notes what it is asked, over a journal of its
// own or the one that is given.
func spy(t *testing.T, d *desk, j pitwall.Journal) (*mirror.Mirror, *spied) {
	b := &spied{tampered: d.b}
	m, err := mirror.Open(context.Background(), mirror.Config{Broker: b, Journal: j, Since: d.b.Now().Add(1), Pause: func(context.Context) error { return nil }}, d.b.Now())
	require.NoError(t, err)
	return m, b
}

func synced(t *testing.T, m *mirror.Mirror, at time.Time) []string {
	list, err := m.Sync(context.Background(), at, true)
	require.NoError(t, err)
	return list
}

func limit(id string, price int64) pitwall.Order {
	return pitwall.Order{ID: id, Symbol: "AAPL", Side: pitwall.Buy, Type: pitwall.LimitOrder, Qty: pitwall.Int(2), Limit: pitwall.Int(price), TIF: pitwall.GTC, Book: pitwall.MainBook}
}

// What is sent while the broker is read has its intent in the journal by then, and is no
// order that somebody else sent.
func TestSentDuringAReading(t *testing.T) {
	ctx := context.Background()
	for _, during := range []string{"fills", "open orders"} {
		d := newDesk(t)
		j := &pitwall.MemoryJournal{}
		m, b := spy(t, d, j)
		require.Empty(t, synced(t, m, d.b.Now()))
		g := risk.New(m, j, d.b.Venue, nil, nil, risk.NoLimits())
		send := func() {
			o := limit("during", 50)
			if during == "fills" {
				o.Type, o.Limit = pitwall.MarketOrder, 0
			}
			_, err := g.Submit(ctx, o)
			require.NoError(t, err)
			if during == "fills" {
				_, err = d.b.Next(ctx, d.b.Now())
				require.NoError(t, err)
			}
		}
		if during == "fills" {
			b.onFills = send
		} else {
			b.onOpen = send
		}
		require.Empty(t, synced(t, m, d.b.Now()), during)
	}
}

// Fills are read from where the reading before ended, and orders that the list of open ones
// holds are not asked for one by one.
func TestReadingsAreSmall(t *testing.T) {
	d := newDesk(t)
	m, b := spy(t, d, &pitwall.MemoryJournal{})
	require.Empty(t, synced(t, m, d.b.Now()))
	require.Empty(t, synced(t, m, d.b.Now()))
	_, end, err := d.b.Fills(context.Background(), pitwall.Cursor{})
	require.NoError(t, err)
	require.NotZero(t, end.Seq)
	since := d.b.Now().Add(1)
	require.Equal(t, []pitwall.Cursor{{Time: since}, {Seq: end.Seq, Time: since}}, b.since)
	require.Empty(t, b.ids)
}

// An order that a halt kept from being sent is forgotten, so the same id sent again without an
// answer is looked for 15 times, and its fills have its cause.
func TestDeniedThenSentAgain(t *testing.T) {
	ctx := context.Background()
	d := newDesk(t)
	j := &pitwall.MemoryJournal{}
	m, b := spy(t, d, j)
	o := limit("again", 50)
	line := func(turn int, kind pitwall.EntryKind, s *pitwall.OrderState) {
		e := pitwall.Entry{Kind: kind, Cause: pitwall.Cause{Turn: turn}, ID: o.ID, Book: o.Book, State: s}
		if s == nil {
			e.Order, e.Verb = &o, "submit"
		}
		_, err := j.Append(ctx, e)
		require.NoError(t, err)
	}
	line(1, pitwall.EntryIntent, nil)
	line(1, pitwall.EntryOrder, &pitwall.OrderState{Order: o, Status: pitwall.Denied})
	require.Empty(t, synced(t, m, d.b.Now()))
	require.NotContains(t, b.ids, "again")
	line(2, pitwall.EntryIntent, nil)
	require.Empty(t, synced(t, m, d.b.Now()))
	require.Len(t, b.ids, 15)
	all := j.Entries()
	last := all[len(all)-2] // before the mark
	require.Equal(t, []any{"again", 2, pitwall.Rejected, d.b.Now()}, []any{last.ID, last.Turn, last.State.Status, last.State.Updated})
	require.EqualError(t, last.State.Error, "UNKNOWN_ORDER: order again never reached the broker: it answered 15 times that it does not have it; nothing was bought or sold; send a new order if it is still wanted")
}

// The fill of an exit belongs to the turn that its first line names, whatever later lines say.
func TestCauseOfAnExit(t *testing.T) {
	ctx := context.Background()
	d := newDesk(t)
	j := &pitwall.MemoryJournal{}
	m, b := spy(t, d, j)
	exit := limit("x.sl", 50)
	exit.Parent = "x"
	for _, turn := range []int{4, 0, 5} {
		_, err := j.Append(ctx, pitwall.Entry{Kind: pitwall.EntryOrder, Cause: pitwall.Cause{Turn: turn}, ID: exit.ID, Book: exit.Book, State: &pitwall.OrderState{Order: exit, Status: pitwall.Canceled}})
		require.NoError(t, err)
	}
	b.fills = []pitwall.Fill{{ID: "f", OrderID: "x.sl", Book: pitwall.MainBook, Symbol: "AAPL", Side: pitwall.Buy, Qty: pitwall.Int(2), Price: pitwall.Int(100), Known: d.b.Now()}}
	require.Equal(t, []string{"AAPL: the journal has 12, the broker 10", "cash: the journal has 98800, the broker 99000 (more than 11 apart)"}, synced(t, m, d.b.Now()))
	all := j.Entries()
	last := all[len(all)-2]
	require.Equal(t, []any{pitwall.EntryFill, "x.sl", 4}, []any{last.Kind, last.ID, last.Turn})
}

// Cash that no fill explains counts against the tolerance of its day alone.
func TestToleranceOfADay(t *testing.T) {
	ctx := context.Background()
	d := newDesk(t)
	for day := range 3 {
		d.b.cash += pitwall.Int(11)
		require.Empty(t, d.sync(t), "day %d", day)
		require.Len(t, d.Flows(time.Time{}), day+1)
		_, err := d.b.Next(ctx, d.b.Now())
		require.NoError(t, err)
	}
	d.b.cash += pitwall.Int(11) + 1
	require.Equal(t, []string{"cash: the journal has 99033, the broker 99044.00000001 (more than 11 apart)"}, d.sync(t))
}

// The equity point of a reading holds the balance: equity without unrealized gains.
func TestMarkHoldsTheBalance(t *testing.T) {
	d := newDesk(t)
	d.b.gain = pitwall.Int(80)
	require.Empty(t, d.sync(t))
	all := d.j.Entries()
	last := all[len(all)-1]
	require.Equal(t, pitwall.EntryMark, last.Kind)
	require.Equal(t, []pitwall.Dec{pitwall.Int(100_080), pitwall.Int(100_060)}, []pitwall.Dec{last.Mark.Equity, last.Amount})
}

// Before the first bar of a run its day begins with what the broker says that it began with.
func TestFirstDayIsTheBrokers(t *testing.T) {
	ctx := context.Background()
	d := newDesk(t)
	m, b := spy(t, d, &pitwall.MemoryJournal{})
	b.day = pitwall.Int(120_000)
	a, err := m.Account(ctx, pitwall.MainBook)
	require.NoError(t, err)
	require.Equal(t, pitwall.Int(120_000), a.DayEquity)
	require.Empty(t, synced(t, m, d.b.Now()))
	a, err = m.Account(ctx, pitwall.MainBook)
	require.NoError(t, err)
	require.Equal(t, pitwall.Int(100_000), a.DayEquity)
}

// What is taken over is journaled line by line: each order that the broker lost, each
// position under an id of its own; a journal that is full stops it, and says so.
func TestAdoptJournalsEachPart(t *testing.T) {
	ctx := context.Background()
	at := func(room int) (lines []string, taken []string, err error) {
		d := newDesk(t)
		j := &stuck{MemoryJournal: &pitwall.MemoryJournal{}, room: 1_000}
		m, b := spy(t, d, j)
		g := risk.New(m, j, d.b.Venue, nil, nil, risk.NoLimits())
		for _, id := range []string{"c", "e"} {
			_, err := g.Submit(ctx, limit(id, 50))
			require.NoError(t, err)
		}
		require.Empty(t, synced(t, m, d.b.Now()))
		b.lost, b.qty, b.other, b.cash = []string{"c", "e"}, -pitwall.Int(4), "MSFT", pitwall.Int(100)
		begun := len(j.Entries())
		j.room = room
		taken, err = m.Adopt(ctx, d.b.Now())
		for _, e := range j.Entries()[begun:] {
			switch {
			case e.State != nil:
				lines = append(lines, fmt.Sprint(e.ID, " ", e.State.Status, " ", e.State.Note))
			case e.Fill != nil:
				lines = append(lines, fmt.Sprint(e.ID, " ", e.Fill.Side, " ", e.Fill.Qty, " at ", e.Fill.Price, " ", e.By.Principal))
			case e.Flow != nil:
				lines = append(lines, fmt.Sprint(e.Flow.Type, " ", e.Flow.Amount))
			}
		}
		return lines, taken, err
	}
	want := []string{
		"c canceled the broker does not have it",
		"e canceled the broker does not have it",
		"external:20240102T203000-AAPL-12 filled taken over from the broker",
		"external:20240102T203000-AAPL-12 sell 4 at 100 external",
		"external:20240102T203000-MSFT-14 filled taken over from the broker",
		"external:20240102T203000-MSFT-14 buy 1 at 5 external",
		"adopted -295",
	}
	lines, taken, err := at(1_000)
	require.NoError(t, err)
	require.Equal(t, want, lines)
	require.Equal(t, []string{"order c is working in the journal and the broker does not have it", "order e is working in the journal and the broker does not have it",
		"AAPL: the journal has 10, the broker 6", "MSFT: the journal has 0, the broker 1", "cash: the journal has 99000, the broker 99100 (more than 11 apart)"}, taken)
	for room := range want {
		lines, again, err := at(room)
		require.EqualError(t, err, "writing the journal: no space")
		require.Equal(t, want[:room], append([]string{}, lines...), "what is there is said")
		require.Equal(t, taken, again)
	}
}

// An order that had ended in the journal and is open at the broker is a difference, once, and
// is open from then on. What another trader ordered is his in the journal.
func TestOrdersThatComeBack(t *testing.T) {
	ctx := context.Background()
	d := newDesk(t)
	back := pitwall.OrderState{Order: limit("back", 50), Status: pitwall.Canceled}
	_, err := d.j.Append(ctx, pitwall.Entry{Kind: pitwall.EntryOrder, ID: "back", Book: pitwall.MainBook, State: &back})
	require.NoError(t, err)
	require.Empty(t, d.sync(t))
	working := back
	working.Status, working.Repeated = pitwall.Working, true
	d.b.add = &working
	require.Equal(t, []string{"order back was canceled in the journal and is working at the broker"}, d.sync(t))
	require.Empty(t, d.sync(t))
	theirs := pitwall.OrderState{Order: limit("external:p", 50), Status: pitwall.Working}
	theirs.By = pitwall.Caller{Principal: "external", Role: "x"}
	d.b.add = &theirs
	require.Equal(t, []string{"order back is working in the journal and the broker does not have it"}, d.sync(t))
	var lines []string
	for _, e := range d.j.Entries() {
		if e.State != nil && e.ID != "a" && e.ID != "b" {
			by := ""
			if e.By != nil {
				by = e.By.Principal + e.By.Role
			}
			lines = append(lines, fmt.Sprintln(e.ID, e.State.Status, e.State.Repeated, by))
		}
	}
	require.Equal(t, []string{"back canceled false \n", "back working false \n", "external:p working false external\n"}, lines)
}
