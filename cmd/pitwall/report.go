package main

import (
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"pitwall"
	"pitwall/cache/disk"
	"pitwall/cache/runs"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
	"pitwall/tools/report"
	"pitwall/tools/report/chart"
	"pitwall/tools/report/page"
)

// reportFlags are report's settings.
type reportFlags struct {
	out, png   string
	pod        string // of a fund; empty = the whole run
	json, open bool
}

func (a *app) report() *cobra.Command {
	var f reportFlags
	c := &cobra.Command{
		Use:   "report RUN [RUN...]",
		Short: "Write a run's page, or a page that sets runs side by side",
		Long: "report writes one HTML file that needs no network: did the run beat doing nothing, was it luck, what did it cost, and what did\n" +
			"each turn decide. It prints the figures and the file's path. RUN is a run's folder, its name below runs/, or last: the newest in\n" +
			"runs/. It may still be running, or have crashed: it shows what there is and says what is missing.\n" +
			"With several runs the page sets them side by side, and the table shows what differs and where their decisions first part: turns are\n" +
			"matched by their time and agent, and held against the first run's.\n" +
			"The page goes to " + runs.PageFile + " in the run's folder, a comparison to compare-A-B.html in the current folder; -o names another file.\n" +
			"--json prints the figures and writes a page only if -o names one.",
		Example: "  pitwall report last --open\n  pitwall report momentum-1 -o page.html --png share.png\n  pitwall report momentum-1 momentum-2\n  pitwall report last --json",
		Args:    takes(1, 20),
		RunE: func(c *cobra.Command, args []string) error {
			var list []pastReport
			for _, name := range args {
				r, err := readReport(name, f.pod)
				if err != nil {
					return err
				}
				list = append(list, r)
			}
			if len(list) > 1 {
				return a.reportMany(list, f)
			}
			r := list[0]
			return a.deliver(f, delivery{file: filepath.Join(r.dir, runs.PageOf(f.pod)), value: r.sheet.Whole(),
				page:    r.write,
				picture: func(w io.Writer) error { return chart.Share(w, r.sheet) },
				print:   func(p *term.Pen) { show.Sheet(p, r.sheet) }})
		},
	}
	fs := c.Flags()
	fs.StringVarP(&f.out, "out", "o", "", "the page's file")
	fs.BoolVar(&f.open, "open", false, "open the page in the browser")
	fs.BoolVar(&f.json, "json", false, "print the figures as one JSON object on stdout")
	fs.StringVar(&f.pod, "pod", "", "one pod of a fund, as a run of its own")
	fs.StringVar(&f.png, "png", "", "also write a picture of 1200 x 630 to share, of one run")
	return c
}

// pastReport is a run that was read, with its figures.
type pastReport struct {
	dir   string
	run   *report.Run
	sheet *report.Sheet
}

// write writes the page.
func (r pastReport) write(w io.Writer) error { return page.Write(w, r.run, r.sheet) }

// loadReport reads a run's folder, or one pod of it.
func loadReport(dir, pod string) (r pastReport, err error) {
	r.dir = dir
	if r.run, err = report.Open(os.DirFS(dir)); err == nil && pod != "" {
		r.run, err = r.run.Pod(pod)
	}
	if err == nil {
		r.sheet, err = r.run.Sheet()
	}
	return r, err
}

// readReport reads the run that a person names.
func readReport(name, pod string) (r pastReport, err error) {
	dir, err := runs.Find(name)
	if err != nil {
		return r, err
	}
	if r, err = loadReport(dir, pod); err != nil && pitwall.CodeOf(err) != pitwall.InvalidInput {
		err = pitwall.Errorf(pitwall.InvalidInput, "%s cannot be read: %s", term.OneLine(dir), term.OneLine(err.Error())).Hintf("pitwall trace %s shows the turns that it has", term.OneLine(dir))
	}
	return r, err
}

// delivery is what report makes of one run or of several.
type delivery struct {
	file          string // of the page, unless -o names another
	value         any    // as JSON
	page, picture func(io.Writer) error
	print         func(*term.Pen)
}

// deliver writes the files and prints the figures.
func (a *app) deliver(f reportFlags, d delivery) error {
	if f.out != "" {
		d.file = f.out
	} else if f.json && !f.open {
		d.file = ""
	}
	for _, x := range []struct {
		file  string
		write func(io.Writer) error
	}{{d.file, d.page}, {f.png, d.picture}} {
		if x.file == "" {
			continue
		}
		if err := disk.WriteAside(x.file, x.write); err != nil {
			return err
		}
	}
	var err error
	if f.json {
		err = a.printJSON(d.value)
	} else {
		p := term.NewPen(a.stdout)
		d.print(p)
		p.Line(term.Plain, "Page: %s", d.file)
		if f.png != "" {
			p.Line(term.Plain, "Picture: %s", f.png)
		}
		err = p.Done()
	}
	if err == nil && f.open {
		a.open(d.file)
	}
	return err
}
