package driver

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"pitwall"
	"pitwall/brokers/halt"
)

// This file is what a live session does besides passing bars: it sees to a halt and
// compares the account.

// haltPolicies are what a strategy may ask of a halt, by what it says under on_halt.
var haltPolicies = map[string]halt.Level{"": halt.Off, "keep": halt.Off, "cancel": halt.Cancel, "flatten": halt.Flatten}

// who names run and account in notices of a halt.
func (p *LiveSession) who() string {
	name := "run " + filepath.Base(p.folder.Dir)
	if p.Live.Remote != nil {
		name += fmt.Sprintf(", account %s at %s", p.account, p.Live.Remote.Broker)
	}
	return name
}

// watch sees to a halt, and now and then to the account, while a model thinks or no host
// asks for the next bar.
func (p *LiveSession) watch() {
	ctx := context.Background()
	for {
		select {
		case <-p.done:
			return
		case <-p.Tick:
			done, _ := p.job.Pass(ctx) // the job journals what it meets and goes on
			_ = p.sayHalt(ctx)         // so does the next step
			if p.obeys {
				if done {
					p.wake()
				}
				continue
			}
			ready := p.desk != nil && p.desk.Ready(ctx)
			if ready {
				p.wake()
			}
			if p.remote == nil && !ready {
				continue
			}
			idle, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
			_ = p.world.Serialize(idle, func() { // a call under way compares by itself, and an order that is being sent is no difference
				if p.world.Ended() {
					return
				}
				_ = p.decide(ctx)
				if p.remote != nil {
					_ = p.compareWhenDue(ctx)
				}
			})
			cancel()
		}
	}
}

// obey does what a halt asks for until nothing is left, in a run that must do no more: one
// at a live account that goes on while the latch is raised. It ends too when a person lowers
// the latch; a run that trades starts with its gates open.
func (p *LiveSession) obey(ctx context.Context) error {
	p.world.Warnings = append(p.world.Warnings, pitwall.Warning{Text: "trading was halted as this run went on, so it did what the halt asks for and gave no turn; once pitwall kill off has lowered the latch, resume it again"})
	for {
		done, err := p.job.Pass(ctx)
		if done || pitwall.CodeOf(err) == pitwall.JournalFailed {
			return err
		}
		steps, err := p.poll(ctx)
		p.miss(ctx, steps, "while this run only did what the halt asks for")
		if err != nil && !errors.Is(err, io.EOF) && !p.transient(ctx, err) {
			return err
		}
		if err := errors.Join(p.sayHalt(ctx), p.compareWhenDue(ctx)); err != nil {
			return err
		}
		select {
		case <-p.stop:
			return nil
		default:
		}
		if err := p.rest(ctx, p.nextLook()); err != nil {
			return err
		}
	}
}

// between does what is due between two bars: the halt's work, and a look at the account.
func (p *LiveSession) between(ctx context.Context) error {
	if _, err := p.job.Pass(ctx); err != nil && pitwall.CodeOf(err) == pitwall.JournalFailed {
		return err
	}
	if err := errors.Join(p.decide(ctx), p.sayHalt(ctx)); err != nil || p.remote == nil {
		return err
	}
	return p.compareWhenDue(ctx)
}

// compareWhenDue compares the account when it is time to, or the stream says that it has
// changed. It runs while no other effect does.
func (p *LiveSession) compareWhenDue(ctx context.Context) error {
	if every := cmp.Or(p.Live.Remote.Every, time.Minute); !p.stale.Swap(false) && p.Live.Now().Sub(p.synced) < every {
		return nil
	}
	err := p.remote.compare(ctx, p.venue.Now(), false)
	if err == nil {
		p.fine()
		return p.guard.Watch(ctx)
	}
	p.stale.Store(true)
	if p.transient(ctx, err) {
		return nil
	}
	return err
}

// wake ends the wait for the next bar that is under way.
func (p *LiveSession) wake() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wakeUp != nil {
		p.wakeUp()
	}
}

// tell tells a person what cannot wait.
func (p *LiveSession) tell(text string) {
	if p.Alert != nil {
		p.Alert(filepath.Base(p.folder.Dir) + " (" + string(p.mode()) + "): " + text)
	}
}
