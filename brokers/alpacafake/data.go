package alpacafake

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"pitwall"
)

func (s *Server) getClock(w http.ResponseWriter, _ *http.Request) {
	now, open := s.Now().In(s.hours.Location()), false
	var nextOpen, nextClose time.Time
	for day := s.hours.Day(now); nextOpen.IsZero() || nextClose.IsZero(); day = day.AddDate(0, 0, 1) {
		opens, closes, trades := s.hours.Session(day)
		if !trades {
			continue
		}
		open = open || !now.Before(opens) && now.Before(closes)
		if nextOpen.IsZero() && opens.After(now) {
			nextOpen = opens
		}
		if nextClose.IsZero() && closes.After(now) {
			nextClose = closes
		}
	}
	reply(w, http.StatusOK, map[string]any{"timestamp": now, "is_open": open, "next_open": nextOpen, "next_close": nextClose})
}

func (s *Server) getCalendar(w http.ResponseWriter, r *http.Request) {
	from, err := time.Parse(time.DateOnly, r.URL.Query().Get("start"))
	to, err2 := time.Parse(time.DateOnly, r.URL.Query().Get("end"))
	if err != nil || err2 != nil {
		from, to = s.hours.Day(s.Now()).AddDate(0, 0, -30), s.hours.Day(s.Now()).AddDate(0, 0, 30)
	}
	list := []map[string]any{}
	for day := from; !day.After(to) && len(list) < 10_000; day = day.AddDate(0, 0, 1) {
		if opens, closes, trades := s.hours.Session(day); trades {
			list = append(list, map[string]any{"date": day.Format(time.DateOnly), "open": opens.Format("15:04"), "close": closes.Format("15:04"), "session_open": "0400", "session_close": "2000",
				"settlement_date": day.AddDate(0, 0, 1).Format(time.DateOnly)})
		}
	}
	reply(w, http.StatusOK, list)
}

// latest answers with one thing for each known symbol.
func (s *Server) latest(name string, one func(*pitwall.Series, int) map[string]any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		out := map[string]any{}
		for _, symbol := range strings.Split(r.URL.Query().Get("symbols"), ",") {
			x := s.traded(symbol)
			if x == nil {
				continue
			}
			if n := x.KnownAt(s.Now().UnixNano()); n > 0 {
				out[symbol] = one(x, n-1)
			}
		}
		reply(w, http.StatusOK, map[string]any{name: out})
	}
}

func (s *Server) latestBar(x *pitwall.Series, i int) map[string]any {
	return barJSON(x.Bar(i), x.Size)
}

// barJSON is a bar as Alpaca writes it: a day is stamped with its midnight.
func barJSON(b pitwall.Bar, size time.Duration) map[string]any {
	at := b.Start
	if size >= 24*time.Hour {
		at = time.Date(at.Year(), at.Month(), at.Day(), 0, 0, 0, 0, at.Location())
	}
	volume := max(b.Volume, 0)
	return map[string]any{"t": at.UTC(), "o": b.Open, "h": b.High, "l": b.Low, "c": b.Close, "v": volume, "n": 1, "vw": b.Close}
}

func (s *Server) latestQuote(x *pitwall.Series, i int) map[string]any {
	b := x.Bar(i)
	return map[string]any{"t": b.End.UTC(), "ax": "V", "ap": b.Close, "as": 1, "bx": "V", "bp": b.Close, "bs": 1, "c": []string{"R"}}
}

func (s *Server) latestTrade(x *pitwall.Series, i int) map[string]any {
	b := x.Bar(i)
	return map[string]any{"t": b.End.UTC(), "x": "V", "p": b.Close, "s": 1, "c": []string{"@"}, "i": i, "z": "C"}
}

// getBars lists the bars of one size that the fake holds. Like Alpaca it ends with the bar
// that is still forming: its prices are what has traded so far, here the open.
func (s *Server) getBars(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	from, _ := time.Parse(time.RFC3339, q.Get("start"))
	to, err := time.Parse(time.RFC3339, q.Get("end"))
	if err != nil {
		to = s.Now()
	}
	limit := 1000
	if n, err := strconv.Atoi(q.Get("limit")); err == nil && n > 0 {
		limit = min(n, 10_000)
	}
	size, ok := timeframe(q.Get("timeframe"))
	out := map[string][]map[string]any{}
	var token *string
	first, _ := strconv.Atoi(q.Get("page_token"))
	for _, symbol := range strings.Split(q.Get("symbols"), ",") {
		x := s.traded(symbol)
		if x == nil {
			continue
		}
		if !ok || x.Size != size {
			fail(w, http.StatusBadRequest, 40010000, "this fake has bars of "+x.Size.String()+" only")
			return
		}
		list := []map[string]any{}
		for i := range x.Len() {
			b := x.Bar(i)
			if b.Known.After(s.Now()) {
				if b.Start.After(s.Now()) {
					break
				}
				b.High, b.Low, b.Close, b.Volume = b.Open, b.Open, b.Open, 0
			}
			if at := barJSON(b, x.Size); !at["t"].(time.Time).Before(from) && !at["t"].(time.Time).After(to) {
				list = append(list, at)
			}
		}
		list = list[min(first, len(list)):]
		if len(list) > limit {
			next := strconv.Itoa(first + limit)
			list, token = list[:limit], &next
		}
		out[symbol] = list
	}
	reply(w, http.StatusOK, map[string]any{"bars": out, "next_page_token": token})
}

func timeframe(text string) (time.Duration, bool) {
	digits := text[:len(text)-len(strings.TrimLeft(text, "0123456789"))]
	n, err := strconv.Atoi(digits)
	unit, ok := map[string]time.Duration{"Min": time.Minute, "T": time.Minute, "Hour": time.Hour, "H": time.Hour, "Day": 24 * time.Hour, "D": 24 * time.Hour}[strings.TrimPrefix(text, digits)]
	return time.Duration(n) * unit, ok && err == nil
}
