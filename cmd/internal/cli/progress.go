package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"
)

// How often progress is shown: on a terminal, and as lines elsewhere.
const (
	barEvery  = 200 * time.Millisecond
	lineEvery = 5 * time.Second
)

// Progress shows how far long work is: items, bytes, rate and time left. Its
// methods are safe for concurrent use and cheap; all work on a nil Progress.
type Progress struct {
	app   *App
	title string
	start time.Time
	now   func() time.Time

	items, bytes           atomic.Int64
	totalItems, totalBytes atomic.Int64

	bars *mpb.Progress // nil: lines
	bar  *mpb.Bar
	quit chan struct{}
	once sync.Once
	wg   sync.WaitGroup
}

// Progress begins to show work under a title ("collecting"), one at a time; it
// ends the one before. With --quiet or --json nothing is shown. Done ends it.
func (a *App) Progress(title string) *Progress {
	a.endProgress()
	if a.Quiet || a.JSON {
		return nil
	}
	p := &Progress{app: a, title: title, start: time.Now(), now: time.Now, quit: make(chan struct{})}
	if f, ok := terminal(a.Err); ok && canDraw(f) {
		p.showBar(f)
	} else {
		p.wg.Add(1)
		go p.lines(lineEvery)
	}
	a.mu.Lock()
	a.progress = p
	a.mu.Unlock()
	return p
}

// canDraw reports whether a terminal can show a bar: it understands moves of
// the cursor, and has a size. A serial console often has neither.
func canDraw(f *os.File) bool {
	w, h, err := term.GetSize(int(f.Fd()))
	return err == nil && w > 0 && h > 0 && os.Getenv("TERM") != "dumb"
}

// SetTotal says how much there is to do; 0 is unknown. It may be called again.
func (p *Progress) SetTotal(items, bytes int64) {
	if p != nil {
		p.totalItems.Store(items)
		p.totalBytes.Store(bytes)
	}
}

// Add says that so many more items and bytes are done.
func (p *Progress) Add(items, bytes int64) {
	if p != nil {
		p.items.Add(items)
		p.bytes.Add(bytes)
	}
}

// Done ends the display. It may be called more than once.
func (p *Progress) Done() {
	if p == nil {
		return
	}
	p.once.Do(func() {
		close(p.quit)
		p.wg.Wait()
		if p.bars != nil {
			p.bar.Abort(true)
			p.bars.Wait()
		}
		p.app.mu.Lock()
		if p.app.progress == p {
			p.app.progress = nil
		}
		p.app.mu.Unlock()
	})
}

func (a *App) endProgress() {
	a.mu.Lock()
	p := a.progress
	a.mu.Unlock()
	p.Done()
}

// showBar draws on a terminal. The bar's length is that of the work by bytes
// where those are known, else by items.
func (p *Progress) showBar(w io.Writer) {
	p.bars = mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh(), mpb.WithRefreshRate(barEvery), mpb.WithWidth(24))
	p.bar = p.bars.New(0, mpb.BarStyle(),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(Safe(p.title)+" ")),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + p.text() })))
	p.wg.Add(1)
	go func() {
		defer p.wg.Done()
		tick := time.NewTicker(barEvery)
		defer tick.Stop()
		for {
			select {
			case <-p.quit:
				return
			case <-tick.C:
				done, total := p.measure()
				p.bar.SetTotal(max(total, done+1), false) // never completes by itself
				p.bar.SetCurrent(done)
			}
		}
	}()
}

func (p *Progress) lines(every time.Duration) {
	defer p.wg.Done()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-tick.C:
			p.app.line(p.title + ": " + p.text())
		}
	}
}

// measure chooses what the bar and the time left go by.
func (p *Progress) measure() (done, total int64) {
	if t := p.totalBytes.Load(); t > 0 {
		return p.bytes.Load(), t
	}
	return p.items.Load(), p.totalItems.Load()
}

// text is e.g. "1,203 of 40,000 items, 1.2 GB of 1.5 GB, 310 MB/s, 1s left".
func (p *Progress) text() string {
	items, bytes := p.items.Load(), p.bytes.Load()
	var parts []string
	inBytes := bytes > 0 || p.totalBytes.Load() > 0
	if items > 0 || p.totalItems.Load() > 0 || !inBytes { // some work is counted in bytes alone
		parts = append(parts, of(Count(items), p.totalItems.Load(), Count)+" items")
	}
	if inBytes {
		parts = append(parts, of(Bytes(bytes), p.totalBytes.Load(), Bytes))
	}
	spent := p.now().Sub(p.start)
	if spent >= time.Second && bytes > 0 {
		parts = append(parts, Bytes(int64(float64(bytes)/spent.Seconds()))+"/s")
	}
	if done, total := p.measure(); spent >= time.Second && done > 0 && total >= done {
		left := time.Duration(float64(spent) * float64(total-done) / float64(done))
		parts = append(parts, left.Round(time.Second).String()+" left")
	}
	return strings.Join(parts, ", ")
}

func of(done string, total int64, show func(int64) string) string {
	if total <= 0 {
		return done
	}
	return done + " of " + show(total)
}

// Bytes shows a number of bytes in powers of 1,000: "999 B", "1.5 GB".
func Bytes(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	v := float64(n)
	for _, unit := range []string{"kB", "MB", "GB", "TB", "PB"} {
		if v /= 1000; v < 999.95 {
			return fmt.Sprintf("%.1f %s", v, unit)
		}
	}
	return fmt.Sprintf("%.1f EB", v/1000)
}

// Count shows a number with commas: "40,000".
func Count(n int64) string {
	s := fmt.Sprintf("%d", n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}
