package main

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	terminal "golang.org/x/term"

	"pitwall"
	"pitwall/cache/replay"
	"pitwall/cmd/pitwall/show"
	"pitwall/cmd/pitwall/term"
)

// cacheDir is the replay cache: PITWALL_CACHE_DIR, else in the user's cache
// folder.
func (s settings) cacheDir() (string, error) {
	if s.CacheDir != "" {
		return filepath.Abs(s.CacheDir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", pitwall.Errorf(pitwall.DataError, "there is no cache folder on this machine: %v", err).Hintf("set PITWALL_CACHE_DIR to a folder for recorded answers")
	}
	return filepath.Join(dir, "pitwall", "replay"), nil
}

// cacheStore opens the replay cache for its verbs, which say themselves what is bad.
func (a *app) cacheStore(readOnly bool) (*replay.Store, error) {
	cfg, err := a.settings()
	if err != nil {
		return nil, err
	}
	s, err := cfg.openCache(replay.Options{ReadOnly: readOnly, Log: slog.New(slog.DiscardHandler)})
	if err == nil && s == nil {
		err = pitwall.Errorf(pitwall.NoCoverage, "PITWALL_CACHE_DIR is %s: nothing is kept", noCacheDir).Hintf("name a folder in it, or unset it for the user's cache folder")
	}
	return s, err
}

func (a *app) cache() *cobra.Command {
	return group(&cobra.Command{
		Use:   "cache",
		Short: "Show, check and clear what models and external tools answered",
		Long: "The replay cache keeps every answer of a model and of an external tool, so that\nthe same run makes no call again. It is in PITWALL_CACHE_DIR, else in\n" +
			"the user's cache folder. Entries are keyed by the complete request, so a stale one is never used.",
		Example: "  pitwall cache ls\n  pitwall cache verify\n  pitwall cache clear --kind turn --older 720h",
	}, a.cacheList(), a.cacheVerify(), a.cacheClear())
}

func (a *app) cacheList() *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:     "ls",
		Short:   "List how many answers are kept, by kind",
		Example: "  pitwall cache ls\n  pitwall cache ls --json",
		Args:    takes(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := a.cacheStore(true)
			if err != nil {
				return err
			}
			h, err := s.Summarize(c.Context())
			if err != nil {
				return err
			}
			return a.answer(asJSON, h, func(p *term.Pen) { show.Answers(p, h) }, nil)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print one JSON object on stdout")
	return c
}

func (a *app) cacheVerify() *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Read every answer and move bad ones to the quarantine",
		Long: "verify checks every byte of every entry and that each is where its request belongs. Bad ones go to quarantine/ in the same\n" +
			"folder and are asked for again when they are needed. Exit code 1 when some are bad.",
		Example: "  pitwall cache verify",
		Args:    takes(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			ctx, cancel := a.stoppable(c.Context())
			defer cancel()
			s, err := a.cacheStore(false)
			if err != nil {
				return err
			}
			last := a.now()
			r, err := s.Verify(ctx, func(done int) {
				if now := a.now(); now.Sub(last) >= fetchLine {
					last = now
					fmt.Fprintf(a.stderr, "%s read\n", term.Plural(done, "entry"))
				}
			})
			if err != nil {
				return err
			}
			if err := a.answer(false, nil, func(p *term.Pen) { show.AnswersVerified(p, r, s.Dir()) }, nil); err != nil {
				return err
			}
			if len(r.Bad) > 0 {
				return errSaid
			}
			return nil
		},
	}
}

// clearFlags are clear's settings.
type clearFlags struct {
	kind  string
	older time.Duration
	yes   bool
}

func (a *app) cacheClear() *cobra.Command {
	var f clearFlags
	c := &cobra.Command{
		Use:   "clear",
		Short: "Remove answers that are kept",
		Long: "clear removes entries; runs that need them ask again, and pay again. It asks first on a terminal and needs --yes elsewhere.\n" +
			"Without --kind it removes all kinds but leaves the quarantine.",
		Example: "  pitwall cache clear\n  pitwall cache clear --kind outside --yes\n  pitwall cache clear --older 720h --yes\n  pitwall cache clear --kind quarantine",
		Args:    takes(0, 0),
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("older") && f.older <= 0 {
				return &usageError{fmt.Errorf("--older is %v; write how long ago, such as 720h", f.older)}
			}
			return a.clearCache(c.Context(), f)
		},
	}
	c.Flags().StringVar(&f.kind, "kind", "", "reply, turn, strict, outside or quarantine (default: all but quarantine)")
	c.Flags().DurationVar(&f.older, "older", 0, "only what was written longer ago than this, such as 720h (default: everything)")
	c.Flags().BoolVar(&f.yes, "yes", false, "do not ask")
	return c
}

func (a *app) clearCache(ctx context.Context, f clearFlags) error {
	kinds := []string{"reply", "turn", "strict", "outside", "quarantine"}
	if f.kind != "" && !slices.Contains(kinds, f.kind) {
		return &usageError{fmt.Errorf("there is no kind %q; did you mean %q? the kinds are %s", f.kind, pitwall.Nearest(f.kind, kinds), strings.Join(kinds, ", "))}
	}
	s, err := a.cacheStore(false)
	if err != nil {
		return err
	}
	before := time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC) // everything, whatever the clocks say
	if f.older > 0 {
		before = a.now().Add(-f.older)
	}
	n, size, err := s.Count(ctx, f.kind, before)
	if err != nil {
		return err
	}
	if ok, err := a.consent(f.yes, "pitwall cache clear", fmt.Sprintf("remove %s (%d bytes) from %s", term.Plural(n, "entry"), size, s.Dir())); err != nil || !ok {
		if err == nil {
			fmt.Fprintln(a.stdout, "nothing was removed")
		}
		return err
	}
	c, err := s.Clear(f.kind, before)
	if err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "removed %s, %d bytes, from %s\n", term.Plural(c.Entries, "entry"), c.Bytes, s.Dir())
	if c.Busy > 0 {
		fmt.Fprintf(a.stdout, "%s of a run that is still writing stay; clear again when it has ended\n", term.Plural(c.Busy, "entry"))
	}
	return nil
}

// consent asks a person on the terminal before something is done; yes stands for their
// answer. Elsewhere it needs yes.
func (a *app) consent(yes bool, command, what string) (bool, error) {
	if yes {
		return true, nil
	}
	if !terminal.IsTerminal(int(os.Stdin.Fd())) {
		return false, &usageError{fmt.Errorf("%s: there is no terminal to ask on\n  if that is what you want: %s --yes", what, command)}
	}
	fmt.Fprintf(a.stderr, "%s? [y/N] ", what)
	answer, err := bufio.NewReader(os.Stdin).ReadString('\n')
	word := strings.ToLower(strings.TrimSpace(answer))
	return err == nil && (word == "y" || word == "yes"), nil
}
