package optimize

import (
	"fmt"
	"math"
	"slices"
)

// limit is a constraint: a·x is at least b, or is b.
type limit struct {
	name  string // in words, for an error
	a     []float64
	b     float64
	equal bool
}

// Infeasible says which limits contradict each other.
type Infeasible struct {
	Limit string
	With  []string // no weights satisfy Limit together with all of these
}

// Error implements error.
func (e *Infeasible) Error() string {
	if len(e.With) == 0 {
		return "no weights satisfy: " + e.Limit
	}
	text := "no weights satisfy: " + e.Limit + "; together with: "
	for i, w := range e.With {
		switch {
		case i == 6:
			return text + fmt.Sprintf(" and %d more", len(e.With)-i)
		case i > 0:
			text += ", "
		}
		text += w
	}
	return text
}

const (
	violated  = 1e-10 // by how much a limit is missed before it counts
	rounding  = 1e-8  // by how much one is missed that the active ones imply
	dependent = 1e-20 // squared share of a limit that the active ones do not hold already
)

// program is a strictly convex quadratic program on its way: x minimizes half of x·G·x
// plus g·x over the active limits. It follows D. Goldfarb and A. Idnani, "A numerically
// stable dual method for solving strictly convex quadratic programs", Mathematical
// Programming 27 (1983), pages 1 to 33: it starts from the minimum without limits, and
// takes them in one after another, always at the minimum over those that it has.
type program struct {
	limits []limit
	x      []float64
	j      [][]float64 // inverse transposed factor of G, turned so that the active normals are j·(r, 0)
	r      [][]float64 // upper triangle, a column for each active limit
	active []int
	u      []float64 // multiplier of each active limit
	sign   []float64 // -1 for an equality that was taken in from above
	held   []bool    // limits that the active ones hold but for rounding
}

// solve returns x and the multiplier of each limit.
func solve(g2 [][]float64, g []float64, limits []limit) (x, multipliers []float64, err error) {
	l, ok := cholesky(g2)
	if !ok {
		return nil, nil, errNotDefinite
	}
	p := &program{limits: limits, j: inverseTransposed(l), r: square(len(g)), x: make([]float64, len(g)), sign: make([]float64, len(limits)), held: make([]bool, len(limits))}
	for i := range p.sign {
		p.sign[i] = 1
	}
	for k := range g { // x = -J·Jᵀ·g, as J·Jᵀ is the inverse of G
		d := 0.0
		for i := range g {
			d += float64(p.j[i][k] * g[i])
		}
		for i := range g {
			p.x[i] -= float64(p.j[i][k] * d)
		}
	}
	for steps, settled := 0, false; ; steps++ {
		next := p.next()
		if next < 0 && settled {
			break
		}
		if settled = next < 0; settled {
			p.settle()
			continue
		}
		if steps > 50*(len(g)+len(limits)) {
			return nil, nil, fmt.Errorf("no optimum after %d steps", steps)
		}
		if err := p.take(next); err != nil {
			return nil, nil, err
		}
	}
	multipliers = make([]float64, len(limits))
	for k, i := range p.active {
		multipliers[i] = p.u[k] * p.sign[i]
	}
	return p.x, multipliers, nil
}

// settle moves x onto the active limits again, from which rounding took it.
func (p *program) settle() {
	v := make([]float64, len(p.active)) // solves the transpose of R times v = what is missed
	for k, i := range p.active {
		v[k] = p.miss(i)
		for c := range k {
			v[k] -= float64(p.r[c][k] * v[c])
		}
		v[k] /= p.r[k][k]
	}
	for i := range p.x {
		p.x[i] += dot(p.j[i][:len(v)], v)
	}
}

// miss is by how much x is short of a limit; below 0 where it has room.
func (p *program) miss(i int) float64 {
	return p.sign[i] * (p.limits[i].b - dot(p.limits[i].a, p.x))
}

// next is the limit to take in: the equalities in order, then the one that is missed by
// most; -1 when all hold.
func (p *program) next() int {
	most, worst := violated, -1
	for i, l := range p.limits {
		if p.held[i] || slices.Contains(p.active, i) {
			continue
		}
		m := p.miss(i)
		if l.equal && math.Abs(m) > violated {
			if m < 0 {
				p.sign[i] = -p.sign[i]
			}
			return i
		}
		if !l.equal && m > most*(1+math.Abs(l.b)) {
			most, worst = m/(1+math.Abs(l.b)), i
		}
	}
	return worst
}

// take adds a limit, and drops those that it makes superfluous.
func (p *program) take(next int) error {
	u := 0.0
	for {
		q := len(p.active)
		normal := make([]float64, len(p.x))
		for i, v := range p.limits[next].a {
			normal[i] = p.sign[next] * v
		}
		d := make([]float64, len(p.x))
		for k := range d {
			for i := range normal {
				d[k] += float64(p.j[i][k] * normal[i])
			}
		}
		r := p.back(d[:q])
		free := dot(d[q:], d[q:]) // how far a full step moves x along the normal
		partial, drop := math.Inf(1), -1
		for k, i := range p.active {
			if !p.limits[i].equal && r[k] > 1e-14 && p.u[k]/r[k] < partial {
				partial, drop = p.u[k]/r[k], k
			}
		}
		full := math.Inf(1)
		if free > dependent*dot(d, d) {
			full = p.miss(next) / free
		}
		step := min(partial, full)
		if math.IsInf(step, 1) {
			if p.settle(); p.miss(next) < rounding*(1+math.Abs(p.limits[next].b)) {
				p.held[next] = true
				return nil
			}
			return p.conflict(next, r)
		}
		if !math.IsInf(full, 1) {
			for i := range p.x {
				p.x[i] += float64(step * dot(p.j[i][q:], d[q:]))
			}
		}
		for k := range p.active {
			p.u[k] -= float64(step * r[k])
		}
		u += step
		if step == full {
			p.add(next, u, d)
			return nil
		}
		p.drop(drop)
	}
}

// conflict names the limits that leave no room for one: its normal is a sum of theirs
// that points the other way.
func (p *program) conflict(next int, r []float64) error {
	e := &Infeasible{Limit: p.limits[next].name}
	for i, l := range p.limits {
		if k := slices.Index(p.active, i); k >= 0 && math.Abs(r[k]) > 1e-9 {
			e.With = append(e.With, l.name)
		}
	}
	return e
}

// back solves R·r = d.
func (p *program) back(d []float64) []float64 {
	r := slices.Clone(d)
	for k := len(r) - 1; k >= 0; k-- {
		for c := k + 1; c < len(r); c++ {
			r[k] -= float64(p.r[k][c] * r[c])
		}
		r[k] /= p.r[k][k]
	}
	return r
}

// add makes a limit active: J is turned until its normal is one more column of R.
func (p *program) add(i int, u float64, d []float64) {
	q := len(p.active)
	for k := len(d) - 1; k > q; k-- {
		c, s, h := turn(d[k-1], d[k])
		d[k-1], d[k] = h, 0
		p.turnColumns(k-1, c, s)
	}
	for k := range q + 1 {
		p.r[k][q] = d[k]
	}
	p.active, p.u = append(p.active, i), append(p.u, u)
}

// drop makes a limit inactive and R a triangle again.
func (p *program) drop(at int) {
	p.active, p.u = slices.Delete(p.active, at, at+1), slices.Delete(p.u, at, at+1)
	q := len(p.active)
	for k := range p.r {
		copy(p.r[k][at:q], p.r[k][at+1:q+1])
		p.r[k][q] = 0
	}
	for k := at; k < q; k++ {
		c, s, h := turn(p.r[k][k], p.r[k+1][k])
		p.r[k][k], p.r[k+1][k] = h, 0
		for col := k + 1; col < q; col++ {
			p.r[k][col], p.r[k+1][col] = rotate(p.r[k][col], p.r[k+1][col], c, s)
		}
		p.turnColumns(k, c, s)
	}
}

// turnColumns rotates columns k and k+1 of J.
func (p *program) turnColumns(k int, c, s float64) {
	for i := range p.j {
		p.j[i][k], p.j[i][k+1] = rotate(p.j[i][k], p.j[i][k+1], c, s)
	}
}

// turn returns the rotation that takes (a, b) to (h, 0).
func turn(a, b float64) (c, s, h float64) {
	if b == 0 {
		return 1, 0, a
	}
	h = math.Sqrt(float64(a*a) + float64(b*b)) // math.Hypot may differ from one machine to another
	return a / h, b / h, h
}

func rotate(a, b, c, s float64) (x, y float64) {
	return float64(c*a) + float64(s*b), float64(c*b) - float64(s*a)
}
