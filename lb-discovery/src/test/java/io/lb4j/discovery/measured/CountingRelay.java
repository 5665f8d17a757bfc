package io.lb4j.discovery.measured;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;

/** Stands between a client and its registry, passes everything on, and counts what the client asks. */
final class CountingRelay implements AutoCloseable {
    private final ServerSocket listener;
    private final DatagramSocket datagrams;
    private final InetSocketAddress target;
    private final Wire wire;
    private final AtomicInteger requests = new AtomicInteger();

    CountingRelay(String target, Wire wire) throws IOException {
        int colon = target.lastIndexOf(':');
        this.target = new InetSocketAddress(target.substring(0, colon), Integer.parseInt(target.substring(colon + 1)));
        this.wire = wire;
        ServerSocket bound = null;
        DatagramSocket same = null;
        for (int attempt = 0; same == null; attempt++) {
            bound = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            try {
                same = new DatagramSocket(bound.getLocalSocketAddress());
            } catch (IOException e) {
                // Another's for datagrams.
                bound.close();
                if (attempt == 20) {
                    throw e;
                }
            }
        }
        this.listener = bound;
        this.datagrams = same;
        thread(this::accept);
        thread(this::answer);
    }

    String address() {
        return "127.0.0.1:" + listener.getLocalPort();
    }

    /** How many there have been. */
    int requests() {
        return requests.get();
    }

    private void accept() {
        while (!listener.isClosed()) {
            try {
                Socket client = listener.accept();
                Socket server = new Socket(target.getAddress(), target.getPort());
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                thread(() -> pump(client, server, wire.counter(requests::incrementAndGet)));
                thread(() -> pump(server, client, (bytes, length) -> {}));
            } catch (IOException e) {
                // The client's trouble, or the end.
            }
        }
    }

    private static void pump(Socket from, Socket to, Wire.Counter counter) {
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            byte[] buffer = new byte[16384];
            for (int read = in.read(buffer); read > 0; read = in.read(buffer)) {
                counter.take(buffer, read);
                out.write(buffer, 0, read);
            }
        } catch (IOException e) {
            // Its end is what matters.
        }
    }

    /** One question after the other. */
    private void answer() {
        byte[] buffer = new byte[65_535];
        while (!datagrams.isClosed()) {
            try (DatagramSocket back = new DatagramSocket()) {
                DatagramPacket question = new DatagramPacket(buffer, buffer.length);
                datagrams.receive(question);
                requests.incrementAndGet();
                back.setSoTimeout(1000);
                back.send(new DatagramPacket(buffer, question.getLength(), target));
                DatagramPacket answer = new DatagramPacket(new byte[65_535], 65_535);
                back.receive(answer);
                answer.setSocketAddress(question.getSocketAddress());
                datagrams.send(answer);
            } catch (IOException e) {
                // No answer is one, too.
            }
        }
    }

    private static void thread(Runnable task) {
        Thread thread = new Thread(task, "relay");
        thread.setDaemon(true);
        thread.start();
    }

    @Override
    public void close() throws IOException {
        listener.close();
        datagrams.close();
    }
}
