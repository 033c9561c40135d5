package report

import (
	"fmt"
	"time"

	"pitwall"
	"pitwall/cache/runs"
)

// Calibration compares how sure beliefs were with how often they came true.
type Calibration struct {
	Beliefs int     `json:"beliefs"` // stated
	Matured int     `json:"matured"`
	Hits    int     `json:"hits"`
	HitRate float64 `json:"hit_rate"` // of the matured ones
	Brier   float64 `json:"brier"`    // mean; 0.25 is a coin's
	Bins    []Bin   `json:"bins"`     // of the matured ones, by confidence; empty ones are left out
}

// Bin is the matured beliefs of about one confidence.
type Bin struct {
	From       float64 `json:"from"` // confidence, inclusive
	To         float64 `json:"to"`   // exclusive, but for 1
	Beliefs    int     `json:"beliefs"`
	Confidence float64 `json:"confidence"` // mean
	HitRate    float64 `json:"hit_rate"`
}

// Calibrate scores beliefs together, those of earlier runs too.
func Calibrate(list []pitwall.ScoredBelief) Calibration {
	c := Calibration{Beliefs: len(list), Bins: []Bin{}}
	bins := make([]Bin, 10)
	for _, b := range list {
		if b.Hit == nil || b.Confidence == nil {
			continue
		}
		x := &bins[min(9, int(*b.Confidence*10))]
		c.Matured, x.Beliefs = c.Matured+1, x.Beliefs+1
		c.Brier, x.Confidence = c.Brier+*b.Brier, x.Confidence+*b.Confidence
		if *b.Hit {
			c.Hits, x.HitRate = c.Hits+1, x.HitRate+1
		}
	}
	if c.Matured > 0 {
		c.HitRate, c.Brier = float64(c.Hits)/float64(c.Matured), c.Brier/float64(c.Matured)
	}
	for i, x := range bins {
		if x.Beliefs == 0 {
			continue
		}
		n := float64(x.Beliefs)
		x.From, x.To, x.Confidence, x.HitRate = float64(i)/10, float64(i+1)/10, x.Confidence/n, x.HitRate/n
		c.Bins = append(c.Bins, x)
	}
	return c
}

// maxBeliefs is how many of the newest beliefs a table lists.
const maxBeliefs = 50

// MemoryTables writes how often the beliefs of a run came true, and the newest of them;
// nothing for a run that stated none.
func MemoryTables(m *runs.Memory) []TextTable {
	if m == nil || len(m.Beliefs) == 0 {
		return nil
	}
	c := Calibrate(m.Beliefs)
	said := fmt.Sprintf("Beliefs: %d stated, %d matured", c.Beliefs, c.Matured)
	if c.Matured > 0 {
		said += fmt.Sprintf(", %s of these came true, Brier score %.3f (0 is perfect, 0.25 a coin)", Share.Write(&c.HitRate), c.Brier)
	}
	sure := TextTable{ID: "belief-calibration", Caption: said, Kinds: "tnnn", Head: []string{"Confidence", "Beliefs", "Mean confidence", "Came true"}}
	for _, b := range c.Bins {
		sure.Rows = append(sure.Rows, []string{fmt.Sprintf("%.1f to %.1f", b.From, b.To), fmt.Sprint(b.Beliefs), Ratio.Write(&b.Confidence), Share.Write(&b.HitRate)})
	}
	newest := TextTable{ID: "beliefs", Caption: fmt.Sprintf("The newest of %d beliefs", c.Beliefs), Kinds: "ttttnnttt", Head: []string{"Id", "Stated", "Symbol", "Direction", "Bars", "Confidence", "Status", "Came true", "Belief"}}
	for _, b := range m.Beliefs[max(0, len(m.Beliefs)-maxBeliefs):] {
		hit := ""
		if b.Hit != nil {
			hit = map[bool]string{true: "yes", false: "no"}[*b.Hit]
		}
		newest.Rows = append(newest.Rows, []string{b.ID, b.Known.Format(time.DateOnly), b.Symbol, b.Direction, fmt.Sprint(b.Horizon), Ratio.Write(b.Confidence), b.Status, hit, b.Text})
	}
	if len(sure.Rows) == 0 {
		newest.Caption = said
		return []TextTable{newest}
	}
	return []TextTable{sure, newest}
}
