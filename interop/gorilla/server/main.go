// An echo server made with gorilla/websocket, for handfast's client. Prints `listening PORT`.
//
//	/echo         every message comes back
//	/subprotocol  the same, and picks chat.v2 when it is offered
//	/close        closes at once with 4001 and a reason
//	/fragments    sends one text in three frames with a ping between them
//	anything else is refused with 403 and a body
package main

import (
	"fmt"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

func upgrade(upgrader websocket.Upgrader, then func(*websocket.Conn)) http.HandlerFunc {
	return func(response http.ResponseWriter, request *http.Request) {
		connection, err := upgrader.Upgrade(response, request, nil)
		if err != nil {
			log.Print(err)
			return
		}
		defer connection.Close()
		then(connection)
	}
}

func echo(connection *websocket.Conn) {
	for {
		kind, data, err := connection.ReadMessage()
		if err != nil {
			return
		}
		if err := connection.WriteMessage(kind, data); err != nil {
			return
		}
	}
}

// drain reads until the peer has closed, so that its Close is answered.
func drain(connection *websocket.Conn) {
	connection.SetReadDeadline(time.Now().Add(10 * time.Second))
	for {
		if _, _, err := connection.ReadMessage(); err != nil {
			return
		}
	}
}

func closes(connection *websocket.Conn) {
	text := websocket.FormatCloseMessage(4001, "see you")
	connection.WriteControl(websocket.CloseMessage, text, time.Now().Add(time.Second))
	drain(connection)
}

func fragments(connection *websocket.Conn) {
	// Each Write that fills the buffer sends a frame; the buffer of this server is as small as it can be.
	writer, err := connection.NextWriter(websocket.TextMessage)
	if err != nil {
		return
	}
	for part := 0; part < 3; part++ {
		for count := 0; count < 1000; count++ {
			fmt.Fprintf(writer, "%d", part)
		}
		connection.WriteControl(websocket.PingMessage, []byte("between"), time.Now().Add(time.Second))
	}
	writer.Close()
	drain(connection)
}

func main() {
	plain := websocket.Upgrader{EnableCompression: true}
	http.HandleFunc("/echo", upgrade(plain, echo))
	http.HandleFunc("/subprotocol", upgrade(websocket.Upgrader{Subprotocols: []string{"chat.v2"}}, echo))
	http.HandleFunc("/close", upgrade(plain, closes))
	http.HandleFunc("/fragments", upgrade(websocket.Upgrader{WriteBufferSize: 1024}, fragments))
	http.HandleFunc("/", func(response http.ResponseWriter, request *http.Request) {
		response.Header().Set("X-Reason", "interop")
		http.Error(response, "not for you", http.StatusForbidden)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("listening %d\n", listener.Addr().(*net.TCPAddr).Port)
	log.Fatal(http.Serve(listener, nil))
}
