package testkit

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
)

// FaultSilent never answers requests whose "METHOD PATH" contains the text.
func FaultSilent(text string) Fault {
	return func(_ http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !matches(r, text) {
			return false
		}
		// The server sees that the client is gone only once the body is read.
		buffer := make([]byte, 4096)
		for err := error(nil); err == nil; {
			_, err = r.Body.Read(buffer)
		}
		<-r.Context().Done()
		return true
	}
}

// FaultStatus answers the first times requests whose "METHOD PATH" contains the
// text with a status and an OCI error code, which may be "" for an empty body.
func FaultStatus(text string, times int64, status int, code string) Fault {
	var seen atomic.Int64
	return func(w http.ResponseWriter, r *http.Request, _ http.Handler) bool {
		if !matches(r, text) || seen.Add(1) > times {
			return false
		}
		body := ""
		if code != "" {
			body = `{"errors":[{"code":` + strconv.Quote(code) + `,"message":"said by the test"}]}`
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
		return true
	}
}

// FaultCut closes the connection in the middle of the first answers to GET
// requests whose path contains the text, and of uploads to it.
func FaultCut(text string, times int64) Fault {
	var seen atomic.Int64
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
		if !matches(r, text) || seen.Add(1) > times {
			return false
		}
		if r.Method == http.MethodGet {
			answer := httptest.NewRecorder()
			next.ServeHTTP(answer, r)
			w.Header().Set("Content-Type", answer.Header().Get("Content-Type"))
			w.Header().Set("Content-Length", strconv.Itoa(answer.Body.Len()))
			_, _ = w.Write(answer.Body.Bytes()[:answer.Body.Len()/2])
		} else {
			_, _ = r.Body.Read(make([]byte, 1))
		}
		panic(http.ErrAbortHandler)
	}
}

// FaultWrong flips a bit in the answers to GET requests whose path contains the text.
func FaultWrong(text string) Fault {
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
		if !matches(r, text) || r.Method != http.MethodGet {
			return false
		}
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		body := answer.Body.Bytes()
		if len(body) > 0 {
			body[len(body)/2] ^= 1
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = w.Write(body)
		return true
	}
}

func matches(r *http.Request, text string) bool {
	return strings.Contains(r.Method+" "+r.URL.Path, text)
}
