// SPDX-License-Identifier: Apache-2.0

package libo2dlm

import (
	"strconv"
	"time"
)

// Token is a fencing token: a number that grows from one exclusive holder to the
// next. A service that remembers the highest token which it has seen, and refuses
// requests with a lower one, is safe from requests that a former holder sent
// before it died. It must get the token with each request.
//
// While the value block lives, each token is the successor of the one before. The
// first one, and the first after a loss (see Hold.Value), is the wall clock in
// microseconds, and says so by Restarted. So it is above all older ones if the
// nodes' clocks differ by less than it took to notice the death, a minute by
// default, and less than a million tokens per second were asked for.
//
// The zero Token is none, and lower than all.
type Token uint64

// A token is a count of half microseconds. The odd ones have been restarted.
// Until the year 2112 they are below 2^53, which JavaScript's numbers hold.
const restarted = 1

// Restarted reports whether the token was made of the clock because there was
// none to count on.
func (t Token) Restarted() bool { return t&restarted != 0 }

// String returns the number, as a request may carry it.
func (t Token) String() string { return strconv.FormatUint(uint64(t), 10) }

// next returns the token after t.
func (t Token) next() Token { return (t | restarted) + 1 }

// restartAt returns a token of that time, and above t.
func (t Token) restartAt(now time.Time) Token {
	return max(Token(now.UnixMicro())<<1, t.next()) | restarted
}

// Token returns the fencing token of the hold. The first call in an exclusive hold
// makes it, which costs a read and a write of the value block; a grant whose token
// nobody asks for takes none. That a token is made late does not raise it: it is
// the successor of the one that the hold has found. In a shared hold it is that of
// the last exclusive holder who has asked.
//
// It is 0, which a service must refuse, when the hold has been released, when in a
// shared hold there has been none yet, and when the block cannot be used: Value
// says why (ErrForeignValue: it is not ours).
func (h *Hold) Token() (token Token) {
	d := h.resource.domain
	_ = h.use(opToken, func(g *grant, fd int) error {
		if err := g.readFrame(fd); err != nil {
			return err
		}
		if g.mustBeExclusive() != nil || g.tokened {
			token = g.frame.token
			return nil
		}
		f := g.frame
		if f.token = f.token.next(); g.frame.token == 0 {
			f.token = Token(d.lastToken.Load()).restartAt(time.Now())
		}
		if err := g.writeFrame(fd, f); err != nil {
			return err
		}
		g.tokened, token = true, f.token
		return nil
	})
	d.sawToken(token)
	return token
}

// sawToken remembers the highest token, so that none of this process is lower
// after a loss.
func (d *Domain) sawToken(t Token) {
	for {
		last := d.lastToken.Load()
		if uint64(t) <= last || d.lastToken.CompareAndSwap(last, uint64(t)) {
			return
		}
	}
}
