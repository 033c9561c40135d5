package term

import (
	"math"
	"slices"
)

// Curve keeps a curve in little space: when it is full, every other value goes and
// fewer are taken from then on.
type Curve struct {
	list       []float64
	every, due int
	last       float64
}

const maxSamples = 96

// Add adds a value.
func (c *Curve) Add(f float64) {
	c.last = f
	if c.due > 0 {
		c.due--
		return
	}
	if len(c.list) == maxSamples {
		for i := range maxSamples / 2 {
			c.list[i] = c.list[2*i]
		}
		c.list, c.every = c.list[:maxSamples/2], 2*c.every+1
	}
	c.list, c.due = append(c.list, f), c.every
}

// Spark draws the whole curve in n characters of 8 levels, from its lowest to its
// highest value; it ends with the last one.
func (c *Curve) Spark(n int) string {
	if n < 2 || len(c.list) < 2 {
		return ""
	}
	n = min(n, len(c.list))
	shown := make([]float64, n)
	for i := range shown {
		shown[i] = c.list[i*(len(c.list)-1)/(n-1)]
	}
	shown[n-1] = c.last
	low, high := slices.Min(shown), slices.Max(shown)
	levels := []rune("▁▂▃▄▅▆▇█")
	line := make([]rune, n)
	for i, f := range shown {
		line[i] = levels[0]
		if high > low {
			line[i] = levels[int(math.Round((f-low)/(high-low)*float64(len(levels)-1)))]
		}
	}
	return string(line)
}
