// Command httpget sends one GET request and prints the response: status line,
// headers, body. It is there for machines that have Go and no curl.
//
//	httpget [-wait 10s] [-H 'name: value'] URL
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"syscall"
	"time"
)

func main() {
	wait := flag.Duration("wait", 0, "retry a refused connection for this `TIME`")
	header := http.Header{}
	flag.Func("H", "send this header, `NAME: VALUE`", func(s string) error {
		name, value, ok := strings.Cut(s, ":")
		if !ok {
			return fmt.Errorf("%q is not NAME: VALUE", s)
		}
		header.Add(name, strings.TrimSpace(value))
		return nil
	})
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := get(flag.Arg(0), header, *wait); err != nil {
		fmt.Fprintln(os.Stderr, "httpget:", err)
		os.Exit(1)
	}
}

func get(url string, header http.Header, wait time.Duration) error {
	request, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	request.Header = header
	response, err := patiently(request, wait)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	fmt.Println(response.Proto, response.Status)
	if err := response.Header.Write(os.Stdout); err != nil {
		return err
	}
	fmt.Println()
	if _, err := io.Copy(os.Stdout, response.Body); err != nil {
		return err
	}
	fmt.Println()
	return nil
}

// patiently sends the request, again as long as nobody listens yet.
func patiently(request *http.Request, wait time.Duration) (*http.Response, error) {
	client := http.Client{Timeout: 30 * time.Second}
	deadline := time.Now().Add(wait)
	for {
		response, err := client.Do(request)
		if err == nil || !errors.Is(err, syscall.ECONNREFUSED) || time.Now().After(deadline) {
			return response, err
		}
		time.Sleep(20 * time.Millisecond)
	}
}
