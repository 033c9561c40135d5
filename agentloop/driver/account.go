package driver

import (
	"fmt"
	"maps"
	"time"

	"pitwall"
	"pitwall/brokers/risk"
	"pitwall/sim"
)

// This file is a strategy's money: costs, account, how bars fill orders, limits.

// Costs are what trading costs; what is not stated has a default, see
// [Strategy.Spec].
type Costs struct {
	CommissionBps *pitwall.Dec `yaml:"commission_bps"`
	MakerBps      *pitwall.Dec `yaml:"maker_bps"`
	PerShare      *pitwall.Dec `yaml:"per_share"`
	Fixed         *pitwall.Dec `yaml:"fixed"`
	MinPerOrder   *pitwall.Dec `yaml:"min_per_order"`
	MaxRate       *pitwall.Dec `yaml:"max_rate"`
	SlippageEach  *pitwall.Dec `yaml:"slippage_each"`
	Spread        *pitwall.Dec `yaml:"spread"`
	Impact        *pitwall.Dec `yaml:"impact"`
	SlippageBps   *pitwall.Dec `yaml:"slippage_bps"`
	CashBuffer    *pitwall.Dec `yaml:"cash_buffer"`
	VolumeShare   *pitwall.Dec `yaml:"volume_share"`
}

// Account says what the account may do; see [pitwall.Terms].
type Account struct {
	Type              pitwall.AccountType `yaml:"type"`
	Initial           *pitwall.Dec        `yaml:"initial_margin"`
	LongMaintenance   *pitwall.Dec        `yaml:"long_maintenance"`
	ShortMaintenance  *pitwall.Dec        `yaml:"short_maintenance"`
	FutureMargin      *pitwall.Dec        `yaml:"future_margin"`
	FutureMaintenance *pitwall.Dec        `yaml:"future_maintenance"`
	Shorts            *bool               `yaml:"shorts"`
	NoBorrow          []string            `yaml:"no_borrow"`
	BorrowRate        pitwall.Dec         `yaml:"borrow_rate"`
	MarginRate        pitwall.Dec         `yaml:"margin_rate"`
	SettleDays        int                 `yaml:"settle_days"`
	Reinvest          bool                `yaml:"reinvest"`
}

// FillRules say how bars fill orders; see [pitwall.Rules].
type FillRules struct {
	Path    pitwall.Path  `yaml:"path"`
	Touch   bool          `yaml:"touch"`
	Latency time.Duration `yaml:"latency"`
}

// terms returns the account's terms; the venue checks them when it opens.
func (s *Strategy) terms() (pitwall.Terms, error) {
	a := s.Account
	t := pitwall.Terms{Type: a.Type, NoBorrow: a.NoBorrow, BorrowRate: a.BorrowRate, MarginRate: a.MarginRate, SettleDays: a.SettleDays, Reinvest: a.Reinvest}
	for _, m := range []struct {
		key   string
		given *pitwall.Dec
		to    *pitwall.Dec
	}{{"initial_margin", a.Initial, &t.Initial}, {"long_maintenance", a.LongMaintenance, &t.LongMaintenance}, {"short_maintenance", a.ShortMaintenance, &t.ShortMaintenance},
		{"future_margin", a.FutureMargin, &t.FutureInitial}, {"future_maintenance", a.FutureMaintenance, &t.FutureMaintenance}} {
		if m.given == nil {
			continue
		}
		if *m.given <= 0 {
			return t, fmt.Errorf("account: %s is %v; margins are shares of the notional: 0.5 = 50 %%", m.key, *m.given)
		}
		*m.to = *m.given
	}
	if a.Shorts != nil && *a.Shorts && t.WithDefaults().Type == pitwall.CashAccount {
		return t, fmt.Errorf("account: shorts: true needs type margin")
	}
	t.NoShorts = a.Shorts != nil && !*a.Shorts && t.WithDefaults().Type == pitwall.MarginAccount
	return t, nil
}

// rules returns how the simulation fills. Orders on the close are refused in the
// last 15.5 minutes of an intraday session, as exchanges do.
func (s *Strategy) rules(share pitwall.Dec) pitwall.Rules {
	return pitwall.Rules{VolumeShare: share, Touch: s.Fills.Touch, Path: s.Fills.Path, Latency: s.Fills.Latency, CloseCutoff: 15*time.Minute + 30*time.Second}
}

// limits returns the strategy's risk section, over the limits of its desk's risk manager.
// Without either nothing is limited but what the venue itself refuses, and the manifest
// says so.
func (s *Strategy) limits() (risk.Limits, error) {
	all, err := s.roleLimits()
	if err != nil {
		return risk.Limits{}, err
	}
	if s.Risk == nil && all == nil {
		return risk.NoLimits(), nil
	}
	if all == nil {
		return risk.Parse(s.Risk)
	}
	maps.Copy(all, s.Risk)
	return risk.Parse(all)
}

// costs returns the strategy's costs and the share of a bar's volume that orders
// may take. Not stated: 10 bps commission, 5 bps slippage, 2 % cash buffer, a tenth
// of each bar's volume.
func (s *Strategy) costs() (c pitwall.Costs, volumeShare pitwall.Dec, err error) {
	c = pitwall.Costs{CommissionBps: pitwall.Int(10), SlippageBps: pitwall.Int(5), CashBuffer: pitwall.One / 50}
	volumeShare = sim.DefaultVolumeShare
	if s.Costs == nil {
		return c, volumeShare, nil
	}
	if s.Costs.CommissionBps == nil && (s.Costs.PerShare != nil || s.Costs.Fixed != nil || s.Costs.MinPerOrder != nil) {
		c.CommissionBps = 0 // stated in another way
	}
	if s.Costs.SlippageBps == nil && (s.Costs.SlippageEach != nil || s.Costs.Spread != nil || s.Costs.Impact != nil) {
		c.SlippageBps = 0
	}
	for _, f := range []struct {
		name  string
		given *pitwall.Dec
		to    *pitwall.Dec
		most  pitwall.Dec
	}{
		{"commission_bps", s.Costs.CommissionBps, &c.CommissionBps, pitwall.Int(5000)},
		{"slippage_bps", s.Costs.SlippageBps, &c.SlippageBps, pitwall.Int(5000)},
		{"cash_buffer", s.Costs.CashBuffer, &c.CashBuffer, pitwall.One},
		{"volume_share", s.Costs.VolumeShare, &volumeShare, pitwall.One},
		{"per_share", s.Costs.PerShare, &c.PerShare, pitwall.Int(1000)},
		{"fixed", s.Costs.Fixed, &c.Fixed, pitwall.Int(1_000_000)},
		{"min_per_order", s.Costs.MinPerOrder, &c.MinPerOrder, pitwall.Int(1_000_000)},
		{"max_rate", s.Costs.MaxRate, &c.MaxRate, pitwall.One},
		{"slippage_each", s.Costs.SlippageEach, &c.SlippageEach, pitwall.Int(1000)},
		{"spread", s.Costs.Spread, &c.Spread, pitwall.Int(1000)},
		{"impact", s.Costs.Impact, &c.Impact, pitwall.Int(1000)},
	} {
		if f.given == nil {
			continue
		}
		if *f.given < 0 || *f.given > f.most {
			return c, 0, fmt.Errorf("costs: %s is %v; use 0 to %v", f.name, *f.given, f.most)
		}
		*f.to = *f.given
	}
	if m := s.Costs.MakerBps; m != nil {
		if m.Abs() > pitwall.Int(5000) {
			return c, 0, fmt.Errorf("costs: maker_bps is %v; use -5000 (a rebate) to 5000", *m)
		}
		c.MakerBps = m
	}
	if r := s.Costs.MaxRate; r != nil && *r == 0 {
		return c, 0, fmt.Errorf("costs: max_rate is 0, which would waive per_share, fixed and min_per_order; leave it out for no cap")
	}
	return c, volumeShare, nil
}
