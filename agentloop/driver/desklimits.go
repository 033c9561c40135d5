package driver

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"pitwall"
	"pitwall/agentloop/roles"
	"pitwall/cache/history"
)

// This file is the limits of a desk's risk manager, as its role file states them: what it
// is asked to judge by, and what code enforces below it.

// roleLimits returns the limits of the risk manager's role, those of the bundled role or of
// the profile where its file states none, nil without a risk manager or with limits: false.
// A symbol
// without a sector passes its limit of a sector: only one that the user wrote refuses it.
// Beside a section `risk:` an order beyond a limit is denied unless that says trim.
func (s *Strategy) roleLimits() (map[string]any, error) {
	if s.Desk == nil || s.Desk.Risk == nil || s.Desk.Risk.Limits != nil && !*s.Desk.Risk.Limits {
		return nil, nil
	}
	seats, err := s.seats()
	if err != nil {
		return nil, s.bad("desk: %v", err)
	}
	for _, x := range seats {
		if x.name != "risk" {
			continue
		}
		list := maps.Clone(x.file.Limits)
		if len(list) == 0 { // a prompt of the user's own
			standard, err := roles.Read(nil, "", x.file.Name)
			if err != nil || len(standard.Limits) == 0 {
				if standard, err = roles.Read(nil, "", "risk_"+cmp.Or(s.Desk.Risk.Profile, "neutral")); err != nil {
					return nil, s.bad("desk: %v", err)
				}
			}
			list = maps.Clone(standard.Limits)
		}
		if _, written := s.Risk["max_sector_percent"]; !written && list["max_sector_percent"] != nil {
			list["unknown_sector"] = "pass"
		}
		if s.Risk != nil {
			delete(list, "over_limit")
		}
		return list, nil
	}
	return nil, nil
}

// sectorless warns of traded symbols that a limit of a sector lets pass.
func sectorless(store *history.Store, spec SimSpec) []pitwall.Warning {
	if _, passes := spec.Limits.UnknownSector.Get(); !passes {
		return nil
	}
	var list []string
	for _, x := range store.Series() {
		if in := x.Instrument; in.Sector == "" && slices.Contains(spec.Symbols, in.Symbol) {
			list = append(list, in.Symbol)
		}
	}
	if len(list) == 0 {
		return nil
	}
	few := strings.Join(list[:min(len(list), 5)], ", ")
	if len(list) > 5 {
		few += fmt.Sprintf(" and %d more", len(list)-5)
	}
	return []pitwall.Warning{{Code: pitwall.SectorUnknown, Text: fmt.Sprintf("no sector is known of %s: together they count as sector unknown, which the risk role's limit lets pass; max_sector_percent under risk: denies it", few)}}
}
