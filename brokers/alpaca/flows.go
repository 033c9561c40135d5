package alpaca

import (
	"context"
	"strings"
	"time"

	sdk "github.com/alpacahq/alpaca-trade-api-go/v3/alpaca"

	"pitwall"
	"pitwall/cache/calendar"
)

// CashFlows returns the money that moved without an order since the day of Since, from
// the account's own record: dividends, interest, fees, deposits. Each has the id of its
// activity and the day that Alpaca gives it.
func (b *Broker) CashFlows(ctx context.Context) ([]pitwall.Entry, error) {
	q := sdk.GetAccountActivitiesRequest{Category: "non_trade_activity", Direction: "asc", PageSize: 100}
	if !b.cfg.Since.IsZero() {
		q.After = b.cfg.Since.AddDate(0, 0, -1)
	}
	var list []pitwall.Entry
	for {
		got, err := b.client(ctx).GetAccountActivities(q)
		if err != nil {
			return nil, readError("reading cash flows", err)
		}
		for _, x := range got {
			if x.ID == "" || x.Status == "canceled" || x.ActivityType == "FILL" {
				continue
			}
			at := x.TransactionTime
			if x.Date.IsValid() {
				at = time.Date(x.Date.Year, x.Date.Month, x.Date.Day, 0, 0, 0, 0, calendar.NewYork().Zone)
			}
			list = append(list, pitwall.Entry{ID: x.ID, Flow: &pitwall.CashFlow{Time: at, Symbol: b.symbol(x.Symbol, x.ActivityType == "CFEE"), Type: strings.ToLower(x.ActivityType), Qty: dec(x.Qty), Each: dec(x.PerShareAmount), Amount: dec(x.NetAmount)}})
		}
		if len(got) < q.PageSize {
			return list, nil
		}
		if got[len(got)-1].ID == q.PageToken {
			return nil, pitwall.Errorf(pitwall.Timeout, "Alpaca lists the page of cash flows after %s again", q.PageToken)
		}
		q.PageToken = got[len(got)-1].ID
	}
}
