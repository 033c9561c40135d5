package report

// STAND-IN, removed on merge: main writes the sheet.

// Sheet is a stand-in.
func (r *Run) Sheet() (*Sheet, error) {
	m, err := Read(r.folder, r.Manifest.Cash)
	if err != nil {
		return nil, err
	}
	x := r.Manifest
	s := &Sheet{Headline: m, Warnings: x.Warnings, Notes: r.Notes, Curve: r.Points, Daily: r.Points}
	s.Run = Header{ID: x.RunID, Name: x.Name, Status: x.Status, Model: x.Model, Symbols: x.Symbols, Benchmark: x.Benchmark, From: x.From, To: x.To, Every: x.Every,
		Cash: x.Cash, Turns: len(r.Turns), Attempt: x.Attempt, Digest: x.Digest, Pitwall: x.Pitwall, Error: x.Error, Agents: x.Agents}
	return s, nil
}
