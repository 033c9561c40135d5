package history

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A filing needs nothing but the day on which it was filed: any filer, any form, with or
// without a trade, a ticker or an amount.
func TestFilingsOfAnyForm(t *testing.T) {
	const bars = "symbol,timestamp,open,high,low,close,volume\nA,2024-01-02,1,1,1,1,1\n"
	for name, c := range map[string]struct {
		file                                        string
		known, event, who, title, text, form, other string
		symbols                                     []string
	}{
		"senate":   {"filed_date,transaction_date,senator,ticker,type,amount\n2024-02-01,2024-01-05,Jane Doe,A,Purchase,1-15\n", "2024-02-02T05:00:00Z", "2024-01-05", "Jane Doe", "Purchase A", "", "", "amount=1-15", []string{"A"}},
		"house":    {"filed_date,transaction_date,representative,symbol,type,form\n2024-02-01,2024-01-05,John Roe,A,Sale,house\n", "2024-02-02T05:00:00Z", "2024-01-05", "John Roe", "Sale A", "", "house", "type=Sale", []string{"A"}},
		"4":        {"filed_date,transaction_date,filer,ticker,type,form,amount\n2024-02-01,2024-01-30,Officer,A,sale,4,100 shares\n", "2024-02-02T05:00:00Z", "2024-01-30", "Officer", "sale A", "", "4", "amount=100 shares", []string{"A"}},
		"13d":      {"filed_date,acceptance_datetime,filer,ticker,form,percent\n2024-02-01,2024-02-01T17:10:00-05:00,Fund,A,13D,6.1\n", "2024-02-01T22:10:00Z", "2024-02-01", "Fund", "13D A", "", "13D", "percent=6.1", []string{"A"}},
		"13d late": {"filed_date,acceptance_datetime,filer,ticker,form\n2024-02-05,2024-02-02T18:05:00-05:00,Fund,A,13D\n", "2024-02-05T11:00:00Z", "2024-02-05", "Fund", "13D A", "", "13D", "", []string{"A"}},
		"13f":      {"filed_date,transaction_date,filer,ticker,form,shares\n2024-02-14,2023-12-31,Fund,A,13F-HR,1000\n", "2024-02-15T05:00:00Z", "2023-12-31", "Fund", "13F-HR A", "", "13F-HR", "shares=1000", []string{"A"}},
		"bill":     {"filed_date,form,title,text,sponsor\n2024-02-01,bill,H.R. 1,An act about chips,Jane Doe\n", "2024-02-02T05:00:00Z", "2024-02-01", "", "H.R. 1", "An act about chips", "bill", "sponsor=Jane Doe", nil},
		"contract": {"filed_date,form,filer,ticker,amount,description\n2024-02-01,contract,Department of Defense,A,1200000,Radios\n", "2024-02-02T05:00:00Z", "2024-02-01", "Department of Defense", "contract A", "Radios", "contract", "amount=1200000", []string{"A"}},
		"unknown":  {"filed_date,form\n2024-02-01,N-PX/9\n", "2024-02-02T05:00:00Z", "2024-02-01", "", "N-PX/9", "", "N-PX/9", "", nil},
	} {
		s, err := loadText(t, map[string]string{"bars.csv": bars, "f.csv": c.file})
		require.NoError(t, err, name)
		require.Len(t, s.Records(), 1, name)
		r := s.Records()[0]
		require.Equal(t, []string{c.known, c.event, c.who, c.title, c.text, c.form}, []string{r.Known.UTC().Format(time.RFC3339), r.Event.Format(time.DateOnly), r.Source, r.Title, r.Text, r.Fields["form"]}, name)
		require.Equal(t, c.symbols, r.Symbols, name)
		for k, v := range r.Fields {
			if k+"="+v == c.other {
				c.other = ""
			}
		}
		require.Empty(t, c.other, "%s: %v", name, r.Fields)
	}
	_, err := loadText(t, map[string]string{"bars.csv": bars, "f.csv": "filed_date,form\nsoon,4\n"})
	require.ErrorContains(t, err, `d/f.csv:2: filed_date: "soon" is not a time`)
}
