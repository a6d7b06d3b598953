package run

import (
	"context"
	"runtime"
	"sync"
	"time"

	"github.com/hozen-dfir/hozen/collect/host"
)

// pacer holds the process to a share of the machine's cores, by the CPU time
// that the system says it used.
type pacer struct {
	share float64 // CPU seconds allowed in a second
	stop  context.Context

	mu   sync.Mutex
	wall time.Time
	cpu  time.Duration
	debt float64 // CPU seconds used beyond the share
}

// Bounds of the pacer: how often it looks, how much unused share is kept for
// later, and how long one sleep may be.
const (
	paceEvery  = 10 * time.Millisecond
	paceCredit = 0.1
	paceSleep  = 500 * time.Millisecond
)

func newPacer(stop context.Context, percent float64) *pacer {
	if percent <= 0 || percent >= 100 {
		return nil
	}
	return &pacer{share: percent / 100 * float64(runtime.NumCPU()), stop: stop, wall: time.Now(), cpu: host.CPUTime()}
}

// pace sleeps while the process has used more than its share. All who come
// meanwhile wait, too.
func (p *pacer) pace() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	now := time.Now()
	wall := now.Sub(p.wall)
	if wall < paceEvery {
		return
	}
	cpu := host.CPUTime()
	p.debt = max(p.debt+(cpu-p.cpu).Seconds()-wall.Seconds()*p.share, -paceCredit*p.share)
	p.wall, p.cpu = now, cpu
	if p.debt <= 0 {
		return
	}
	rest := time.NewTimer(min(time.Duration(p.debt/p.share*float64(time.Second)), paceSleep))
	defer rest.Stop()
	select {
	case <-rest.C:
	case <-p.stop.Done():
	}
}
