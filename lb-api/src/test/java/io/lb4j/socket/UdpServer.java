package io.lb4j.socket;

import io.lb4j.ServiceInstance;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketException;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;

/** Answers datagrams on a free port. */
final class UdpServer implements AutoCloseable {
    private final String id;
    private final DatagramSocket socket;
    private final Thread server;

    UdpServer(String id, Function<String, String[]> answers) throws SocketException {
        this.id = id;
        this.socket = new DatagramSocket(0, InetAddress.getLoopbackAddress());
        this.server = new Thread(() -> serve(answers), "udp server");
        server.setDaemon(true);
        server.start();
    }

    /** Answers with the first byte of the query and its id. */
    static UdpServer answering(String id) throws SocketException {
        return new UdpServer(id, query -> new String[] {query.charAt(0) + " " + id});
    }

    static UdpServer silent(String id) throws SocketException {
        return new UdpServer(id, query -> new String[0]);
    }

    /** An instance at whose port nobody listens, nor has, until somebody else gets it. */
    static ServiceInstance closed(String id) throws SocketException {
        try (DatagramSocket closed = new DatagramSocket(0, InetAddress.getLoopbackAddress())) {
            return instance(id, closed.getLocalPort());
        }
    }

    private void serve(Function<String, String[]> answers) {
        DatagramPacket packet = new DatagramPacket(new byte[2000], 2000);
        try {
            while (true) {
                packet.setLength(2000);
                socket.receive(packet);
                String query = new String(packet.getData(), 0, packet.getLength(), StandardCharsets.UTF_8);
                for (String each : answers.apply(query)) {
                    byte[] bytes = each.getBytes(StandardCharsets.UTF_8);
                    socket.send(new DatagramPacket(bytes, bytes.length, packet.getSocketAddress()));
                }
            }
        } catch (IOException e) {
            // Closed.
        }
    }

    ServiceInstance instance() {
        return instance(id, socket.getLocalPort());
    }

    private static ServiceInstance instance(String id, int port) {
        return ServiceInstance.builder("127.0.0.1", port).id(id).build();
    }

    /** Waits for its thread: as long as that is in the system's receive, the port is open, although the socket is closed. */
    @Override
    public void close() {
        socket.close();
        try {
            server.join();
        } catch (InterruptedException e) {
            throw new IllegalStateException("stopped while the port of " + id + " closes", e);
        }
    }
}
