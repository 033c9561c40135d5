package alpacafake

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"pitwall"
)

func (s *Server) getOrder(w http.ResponseWriter, r *http.Request) {
	if o := s.find(w, r); o != nil {
		reply(w, http.StatusOK, s.show(o, r.URL.Query().Get("nested") == "true"))
	}
}

// find returns the order of a path, or answers why there is none.
func (s *Server) find(w http.ResponseWriter, r *http.Request) *order {
	id := r.PathValue("id")
	o := s.byID[id]
	switch {
	case o != nil:
	case len(id) != 36:
		fail(w, http.StatusUnprocessableEntity, 40010001, "order_id is missing")
	default:
		fail(w, http.StatusNotFound, 40410000, "order not found for "+id)
	}
	return o
}

func (s *Server) getByClient(w http.ResponseWriter, r *http.Request) {
	id := r.URL.Query().Get("client_order_id")
	if o := s.byClient[id]; o != nil {
		reply(w, http.StatusOK, s.show(o, true))
		return
	}
	fail(w, http.StatusNotFound, 40410000, "order not found for "+id)
}

var openStatuses = []string{"new", "partially_filled", "held", "pending_new", "accepted"}

func (s *Server) getOrders(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	nested, limit := q.Get("nested") == "true", 50
	if n, err := strconv.Atoi(q.Get("limit")); err == nil && n > 0 {
		limit = min(n, 500)
	}
	after, _ := time.Parse(time.RFC3339, q.Get("after"))
	until, _ := time.Parse(time.RFC3339, q.Get("until"))
	list := []shape{}
	from := slices.Clone(s.orders)
	if q.Get("direction") != "asc" {
		slices.Reverse(from)
	}
	for _, o := range from {
		x := s.show(o, nested)
		open := slices.Contains(openStatuses, x.Status)
		rolled := nested && o.parent != nil && (q.Get("status") == "all" || slices.Contains(openStatuses, s.status(o.parent)))
		switch status := q.Get("status"); {
		case rolled, (status == "" || status == "open") && !open, status == "closed" && open:
		case q.Get("symbols") != "" && !slices.Contains(strings.Split(q.Get("symbols"), ","), x.Symbol), q.Get("side") != "" && q.Get("side") != x.Side:
		case !after.IsZero() && !x.SubmittedAt.After(after), !until.IsZero() && !x.SubmittedAt.Before(until):
		case len(list) < limit:
			list = append(list, x)
		}
	}
	reply(w, http.StatusOK, list)
}

func (s *Server) deleteOrder(w http.ResponseWriter, r *http.Request) {
	o := s.find(w, r)
	if o == nil {
		return
	}
	if status := s.status(o); !slices.Contains(openStatuses, status) {
		fail(w, http.StatusUnprocessableEntity, 42210000, `order is already in "`+status+`" state`)
		return
	}
	s.cancel(o)
	w.WriteHeader(http.StatusNoContent)
}

// cancel ends an order and, as Alpaca documents, whatever is open of its group.
func (s *Server) cancel(o *order) {
	root := o
	if o.parent != nil {
		root = o.parent
	}
	for _, x := range append([]*order{root}, root.legs...) {
		_, _ = s.venue.Cancel(context.Background(), x.sim) // what is closed stays as it is
	}
}

func (s *Server) cancelAll(w http.ResponseWriter, _ *http.Request) {
	list := []map[string]any{}
	open := slices.DeleteFunc(slices.Clone(s.orders), func(o *order) bool { return !slices.Contains(openStatuses, s.status(o)) })
	for _, o := range open {
		s.cancel(o)
		list = append(list, map[string]any{"id": o.id, "status": http.StatusOK})
	}
	reply(w, http.StatusMultiStatus, list)
}

func (s *Server) patchOrder(w http.ResponseWriter, r *http.Request) {
	o := s.find(w, r)
	if o == nil {
		return
	}
	var c change
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		fail(w, http.StatusBadRequest, 40010000, "request body format is invalid")
		return
	}
	if status := s.status(o); !slices.Contains(openStatuses, status) {
		fail(w, http.StatusUnprocessableEntity, 42210000, `order is already in "`+status+`" state`)
		return
	}
	if c.ClientOrderID == "" {
		c.ClientOrderID = s.newID()
	}
	if s.byClient[c.ClientOrderID] != nil {
		fail(w, http.StatusUnprocessableEntity, 40010001, "client_order_id must be unique")
		return
	}
	if no := subPenny([]pitwall.Dec{c.LimitPrice.Dec, c.StopPrice.Dec}, o.in.Kind == pitwall.Crypto); no != nil {
		fail(w, no.status, no.code, no.message)
		return
	}
	before := s.state(o)
	x := pitwall.Change{Qty: c.Qty.Dec, Limit: c.LimitPrice.Dec, Stop: c.StopPrice.Dec, TIF: pitwall.TIF(c.TimeInForce)}
	if x.TIF == before.TIF {
		x.TIF = ""
	}
	if before.TrailPercent != 0 {
		x.TrailPercent = c.Trail.Dec
	} else {
		x.Trail = c.Trail.Dec
	}
	if _, err := s.venue.Replace(context.Background(), o.sim, x); err != nil {
		fail(w, http.StatusUnprocessableEntity, 42210000, err.Error())
		return
	}
	next := *o
	next.id, next.client, next.replaces, next.told = s.newID(), c.ClientOrderID, o.id, ""
	if c.TimeInForce != "" {
		next.tif = c.TimeInForce
	}
	o.frozen, o.replacedBy, o.replacedAt, o.legs = &before, next.id, s.venue.Now(), nil
	s.remember(&next)
	s.moveGroup(o, &next)
	reply(w, http.StatusOK, s.show(&next, true))
}

// moveGroup puts a replacement in the place of the order in its group.
func (s *Server) moveGroup(old, next *order) {
	for _, l := range next.legs {
		l.parent = next
	}
	if next.parent == nil {
		return
	}
	for i, l := range next.parent.legs {
		if l == old {
			next.parent.legs[i] = next
		}
	}
}
