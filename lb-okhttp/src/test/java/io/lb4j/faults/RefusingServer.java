package io.lb4j.faults;

import io.lb4j.okhttp.RawHttp2;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** Speaks HTTP/2 and refuses every stream with REFUSED_STREAM. Arguments: its address and port. Ends with its standard input. */
final class RefusingServer {
    private RefusingServer() {}

    public static void main(String[] args) throws IOException {
        try (ServerSocket listening = new ServerSocket()) {
            listening.bind(new InetSocketAddress(args[0], Integer.parseInt(args[1])), 256);
            FaultyServer.daemon(() -> accept(listening));
            while (System.in.read() >= 0) {
                // It has nothing to say.
            }
        }
    }

    private static void accept(ServerSocket listening) {
        while (true) {
            try {
                Socket socket = listening.accept();
                socket.setTcpNoDelay(true);
                FaultyServer.daemon(() -> refuse(socket));
            } catch (IOException e) {
                return;
            }
        }
    }

    private static void refuse(Socket socket) {
        try (socket) {
            RawHttp2 http = new RawHttp2(socket);
            while (true) {
                http.reset(http.readRequest(), RawHttp2.REFUSED_STREAM);
            }
        } catch (IOException e) {
            // The client went away.
        }
    }
}
