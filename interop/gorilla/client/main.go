// Checks an echo server with the client of gorilla/websocket: client ECHO-URL CHECK...
// Prints `ok NAME` or `not ok NAME: WHY` for each check, and `1..N` at the end.
package main

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/gorilla/websocket"
)

const limit = 20 * time.Second

var echo *url.URL

// counted knows how many bytes crossed the wire.
type counted struct {
	net.Conn
	read, written int
}

func (c *counted) Read(data []byte) (int, error) {
	count, err := c.Conn.Read(data)
	c.read += count
	return count, err
}

func (c *counted) Write(data []byte) (int, error) {
	count, err := c.Conn.Write(data)
	c.written += count
	return count, err
}

func at(path string) string {
	other := *echo
	other.Path = path
	return other.String()
}

func open(address string, dialer websocket.Dialer, header http.Header) (*websocket.Conn, error) {
	dialer.HandshakeTimeout = limit
	connection, _, err := dialer.Dial(address, header)
	if err == nil {
		connection.SetReadDeadline(time.Now().Add(limit))
		connection.SetWriteDeadline(time.Now().Add(limit))
	}
	return connection, err
}

func echoed(connection *websocket.Conn, kind int, data []byte) error {
	if err := connection.WriteMessage(kind, data); err != nil {
		return err
	}
	return received(connection, kind, data)
}

func received(connection *websocket.Conn, kind int, data []byte) error {
	gotKind, got, err := connection.ReadMessage()
	if err != nil {
		return err
	}
	if gotKind != kind || !bytes.Equal(got, data) {
		return fmt.Errorf("kind %d with %d bytes was wanted, came kind %d with %d bytes", kind, len(data), gotKind, len(got))
	}
	return nil
}

// closed closes and wants the same code back.
func closed(connection *websocket.Conn, code int, reason string) error {
	payload := []byte{}
	if code != websocket.CloseNoStatusReceived {
		payload = websocket.FormatCloseMessage(code, reason)
	}
	if err := connection.WriteControl(websocket.CloseMessage, payload, time.Now().Add(limit)); err != nil {
		return err
	}
	defer connection.Close()
	return wantClose(connection, code)
}

func wantClose(connection *websocket.Conn, code int) error {
	_, _, err := connection.ReadMessage()
	if !websocket.IsCloseError(err, code) {
		return fmt.Errorf("close %d was wanted, came: %v", code, err)
	}
	// The server ends the TCP connection first (RFC 6455 section 7.1.1).
	if _, err := connection.UnderlyingConn().Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		return fmt.Errorf("after the close the end of the stream was wanted, came: %v", err)
	}
	return nil
}

// refused wants an HTTP answer with this status and a body instead of a WebSocket.
func refused(address string, header http.Header, status int) (*http.Response, error) {
	connection, response, err := websocket.DefaultDialer.Dial(address, header)
	if err == nil {
		connection.Close()
		return nil, errors.New("a refusal was wanted, came a WebSocket")
	}
	if !errors.Is(err, websocket.ErrBadHandshake) {
		return nil, err
	}
	if response.StatusCode != status {
		return nil, fmt.Errorf("status %d was wanted, came %s", status, response.Status)
	}
	if body, _ := io.ReadAll(response.Body); len(body) == 0 {
		return nil, errors.New("the refusal has no body")
	}
	return response, nil
}

func random(size int) []byte {
	data := make([]byte, size)
	rand.Read(data)
	return data
}

var checks = map[string]func() error{
	"text": func() error {
		connection, err := open(echo.String(), websocket.Dialer{}, nil)
		if err != nil {
			return err
		}
		for _, text := range []string{"hello", "grüße 🤝", strings.Repeat("x", 126), strings.Repeat("x", 65536)} {
			if err := echoed(connection, websocket.TextMessage, []byte(text)); err != nil {
				return err
			}
		}
		return closed(connection, 1000, "")
	},
	"binary": func() error {
		connection, err := open(echo.String(), websocket.Dialer{}, nil)
		if err != nil {
			return err
		}
		for _, size := range []int{1, 125, 126, 65535, 65536} {
			if err := echoed(connection, websocket.BinaryMessage, random(size)); err != nil {
				return err
			}
		}
		return closed(connection, 1000, "")
	},
	"empty": func() error {
		connection, err := open(echo.String(), websocket.Dialer{}, nil)
		if err != nil {
			return err
		}
		for _, kind := range []int{websocket.TextMessage, websocket.BinaryMessage} {
			if err := echoed(connection, kind, nil); err != nil {
				return err
			}
		}
		return closed(connection, 1000, "")
	},
	"1-mib": func() error {
		connection, err := open(echo.String(), websocket.Dialer{}, nil)
		if err != nil {
			return err
		}
		if err := echoed(connection, websocket.BinaryMessage, random(1<<20)); err != nil {
			return err
		}
		return closed(connection, 1000, "")
	},
	"fragments": func() error {
		// A message beyond the write buffer leaves as several frames.
		connection, err := open(echo.String(), websocket.Dialer{WriteBufferSize: 256}, nil)
		if err != nil {
			return err
		}
		want := random(10000)
		writer, err := connection.NextWriter(websocket.BinaryMessage)
		if err != nil {
			return err
		}
		for part := 0; part < 10; part++ {
			if _, err := writer.Write(want[part*1000 : (part+1)*1000]); err != nil {
				return err
			}
		}
		if err := writer.Close(); err != nil {
			return err
		}
		if err := received(connection, websocket.BinaryMessage, want); err != nil {
			return err
		}
		return closed(connection, 1000, "")
	},
	"ping": func() error {
		connection, err := open(echo.String(), websocket.Dialer{}, nil)
		if err != nil {
			return err
		}
		pongs := []string{}
		connection.SetPongHandler(func(data string) error {
			pongs = append(pongs, data)
			return nil
		})
		for _, data := range []string{"", "hello", strings.Repeat("x", 125)} {
			if err := connection.WriteControl(websocket.PingMessage, []byte(data), time.Now().Add(limit)); err != nil {
				return err
			}
			// The echo of a message comes after the pong.
			if err := echoed(connection, websocket.TextMessage, []byte("after")); err != nil {
				return err
			}
			if len(pongs) == 0 || pongs[len(pongs)-1] != data {
				return fmt.Errorf("a pong with %q was wanted, came: %q", data, pongs)
			}
		}
		return closed(connection, 1000, "")
	},
	"close-codes": func() error {
		for _, code := range []int{1000, 1001, websocket.CloseNoStatusReceived, 3000, 4999} {
			connection, err := open(echo.String(), websocket.Dialer{}, nil)
			if err != nil {
				return err
			}
			if err := closed(connection, code, "ü"); err != nil {
				return err
			}
		}
		return nil
	},
	"compression": func() error {
		// The server may take the offer of permessage-deflate or leave it; the conversation works in both cases.
		connection, err := open(echo.String(), websocket.Dialer{EnableCompression: true}, nil)
		if err != nil {
			return err
		}
		text := []byte(strings.Repeat("compress me ", 1000))
		if err := echoed(connection, websocket.TextMessage, text); err != nil {
			return err
		}
		return closed(connection, 1000, "")
	},
	"compressed": func() error {
		// The server must take the offer, and what crosses the wire must be smaller than the text.
		var wire *counted
		dialer := websocket.Dialer{EnableCompression: true, NetDial: func(network, address string) (net.Conn, error) {
			connection, err := net.Dial(network, address)
			wire = &counted{Conn: connection}
			return wire, err
		}}
		connection, err := open(echo.String(), dialer, nil)
		if err != nil {
			return err
		}
		read, written := wire.read, wire.written
		text := []byte(strings.Repeat("compress me ", 1000))
		for range [3]int{} {
			if err := echoed(connection, websocket.TextMessage, text); err != nil {
				return err
			}
		}
		read, written = wire.read-read, wire.written-written
		if read > len(text)/4 || written > len(text)/4 {
			return fmt.Errorf("3 * %d bytes went out as %d and came back as %d", len(text), written, read)
		}
		return closed(connection, 1000, "")
	},
	"subprotocol": func() error {
		dialer := websocket.Dialer{Subprotocols: []string{"chat.v1", "chat.v2"}}
		connection, err := open(at("/subprotocol"), dialer, nil)
		if err != nil {
			return err
		}
		if connection.Subprotocol() != "chat.v2" {
			return fmt.Errorf("chat.v2 was wanted, came %q", connection.Subprotocol())
		}
		return closed(connection, 1000, "")
	},
	"server-closes": func() error {
		connection, err := open(at("/close"), websocket.Dialer{}, nil)
		if err != nil {
			return err
		}
		defer connection.Close()
		return wantClose(connection, 4001)
	},
	"wrong-origin": func() error {
		_, err := refused(echo.String(), http.Header{"Origin": {"http://elsewhere.example"}}, 403)
		return err
	},
	"unknown-path": func() error {
		_, err := refused(at("/no-such-path"), nil, 404)
		return err
	},
	"refusal": func() error {
		_, err := refused(at("/refuse"), nil, 403)
		return err
	},
	"refusal-fields": func() error {
		response, err := refused(at("/refuse"), nil, 403)
		if err == nil && response.Header.Get("X-Reason") != "interop" {
			err = fmt.Errorf("the refusal lost its header: %v", response.Header)
		}
		return err
	},
}

func main() {
	var err error
	if echo, err = url.Parse(os.Args[1]); err != nil {
		panic(err)
	}
	names := os.Args[2:]
	for _, name := range names {
		check, known := checks[name]
		if !known {
			fmt.Printf("not ok %s: there is no such check\n", name)
		} else if err := check(); err != nil {
			fmt.Printf("not ok %s: %v\n", name, err)
		} else {
			fmt.Printf("ok %s\n", name)
		}
	}
	fmt.Printf("1..%d\n", len(names))
}
