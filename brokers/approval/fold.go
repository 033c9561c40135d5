package approval

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"pitwall"
)

// Order is an order that waits for a person.
type Order struct {
	pitwall.Order
	pitwall.Approval
	Cause    pitwall.Cause
	Approved bool // and not sent yet
}

// Waiting returns the orders that wait at the end of a journal, oldest first.
func Waiting(journal []pitwall.Entry) (list []Order) {
	for _, e := range journal {
		i := slices.IndexFunc(list, func(o Order) bool { return o.ID == e.ID })
		switch {
		case e.Kind == pitwall.EntryApproval && e.Verb == hold && e.Order != nil && e.Approval != nil && i < 0:
			list = append(list, Order{Order: *e.Order, Approval: *e.Approval, Cause: e.Cause})
		case i < 0:
		case e.Kind == pitwall.EntryApproval && e.Verb == approve:
			list[i].Approved = true
		case e.Kind == pitwall.EntryApproval, // denied, lapsed, failed or withdrawn
			e.Kind == pitwall.EntryIntent && e.Order != nil, // sent, or what became of it is asked of the broker
			e.Kind == pitwall.EntryOrder && e.State != nil && e.State.Status == pitwall.Denied:
			list = slices.Delete(list, i, i+1)
		}
	}
	return list
}

// The verbs of journal lines about approvals.
const (
	hold     = "hold"
	approve  = "approve"
	deny     = "deny"
	lapse    = "lapse"
	withdraw = "withdraw"
	fail     = "fail" // approved, and an error kept it from being sent
)

// hashOf binds an approval to an order and to when it was held.
func hashOf(o pitwall.Order, held time.Time) (string, error) {
	body, err := json.Marshal(struct {
		Order pitwall.Order
		Held  time.Time
	}{o, held.UTC()})
	if err != nil {
		return "", fmt.Errorf("encoding an order: %w", err)
	}
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:8]), nil
}

// String says what a person decides about.
func (o Order) String() string {
	s := fmt.Sprintf("%s %v %s %s", o.Side, o.Qty, o.Symbol, o.Type)
	for _, p := range []struct {
		name  string
		price pitwall.Dec
	}{{"limit", o.Limit}, {"stop", o.Stop}, {"trail", o.Trail}, {"trail_percent", o.TrailPercent}} {
		if p.price != 0 {
			s += fmt.Sprintf(", %s %v", p.name, p.price)
		}
	}
	for _, l := range o.Legs {
		s += fmt.Sprintf(", %s", l.Role)
		for _, price := range []pitwall.Dec{l.Stop, l.Limit} {
			if price != 0 {
				s += fmt.Sprintf(" %v", price)
			}
		}
		if l.Percent != 0 {
			s += fmt.Sprintf(" %v %%", l.Percent)
		}
		if l.Trail != 0 {
			s += fmt.Sprintf(" trailing %v", l.Trail)
		}
		if l.TrailPercent != 0 {
			s += fmt.Sprintf(" trailing %v %%", l.TrailPercent)
		}
	}
	return s + fmt.Sprintf(", %s; last price %v", o.TIF, o.Price)
}
