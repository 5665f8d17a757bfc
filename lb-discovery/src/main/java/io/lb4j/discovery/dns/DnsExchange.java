package io.lb4j.discovery.dns;

import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.Section;

/**
 * One question to one server: over UDP, repeated once, and over TCP if the answer didn't fit. dnsjava's own sockets are all
 * driven by one thread that never ends, and keep their connections; these end with the question. Thread-safe.
 */
final class DnsExchange implements DnsResolver.Transport, AutoCloseable {
    /** What an answer over UDP may take: no path fragments it (DNS flag day 2020). */
    private static final int UDP_PAYLOAD = 1232;

    private static final int MAX_MESSAGE = 65_535;

    private final Duration timeout;
    private final Set<Closeable> open = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * An exchange.
     *
     * @param timeout for each transport
     */
    DnsExchange(Duration timeout) {
        this.timeout = timeout;
    }

    @Override
    public Message ask(InetSocketAddress server, Record question) throws IOException {
        Message query = Message.newQuery(question);
        query.addRecord(new OPTRecord(UDP_PAYLOAD, 0, 0), Section.ADDITIONAL);
        Message answer = askEither(server, query);
        // Servers from before EDNS (RFC 6891, section 7).
        boolean plain = answer.getRcode() == Rcode.FORMERR || answer.getRcode() == Rcode.NOTIMP;
        return plain ? askEither(server, Message.newQuery(question)) : answer;
    }

    private Message askEither(InetSocketAddress server, Message query) throws IOException {
        Message answer = udp(server, query);
        return answer.getHeader().getFlag(Flags.TC) ? tcp(server, query) : answer;
    }

    private Message udp(InetSocketAddress server, Message query) throws IOException {
        byte[] wire = query.toWire();
        long begin = System.nanoTime();
        String odd = "";
        try (DatagramSocket socket = new DatagramSocket()) {
            hold(socket);
            // A connected socket takes answers of this server only, and hears at once that nobody listens there.
            socket.connect(server);
            byte[] buffer = new byte[MAX_MESSAGE];
            for (int half = 1; half <= 2; half++) {
                socket.send(new DatagramPacket(wire, wire.length));
                long end = begin + timeout.toNanos() / 2 * half;
                DatagramPacket packet = new DatagramPacket(buffer, buffer.length);
                while (receive(socket, packet, end)) {
                    Message answer = parse(Arrays.copyOf(buffer, packet.getLength()));
                    if (answer != null && answers(query, answer)) {
                        return answer;
                    }
                    odd = answer == null ? "; what came is no DNS message" : "; what came answers something else";
                }
            }
        } catch (PortUnreachableException e) {
            throw new IOException("nobody listens there", e);
        } finally {
            open.removeIf(each -> each instanceof DatagramSocket socket && socket.isClosed());
        }
        throw new InterruptedIOException("no answer in time" + odd);
    }

    private static boolean receive(DatagramSocket socket, DatagramPacket packet, long end) throws IOException {
        int left = millisUntil(end);
        if (left <= 0) {
            return false;
        }
        socket.setSoTimeout(left);
        try {
            socket.receive(packet);
            return true;
        } catch (SocketTimeoutException e) {
            return false;
        }
    }

    private Message tcp(InetSocketAddress server, Message query) throws IOException {
        byte[] wire = query.toWire();
        long end = System.nanoTime() + timeout.toNanos();
        try (Socket socket = new Socket()) {
            hold(socket);
            // Zero would be no limit.
            socket.connect(server, Math.max(1, millisUntil(end)));
            DataOutputStream out = new DataOutputStream(socket.getOutputStream());
            byte[] framed = new byte[wire.length + 2];
            framed[0] = (byte) (wire.length >> 8);
            framed[1] = (byte) wire.length;
            System.arraycopy(wire, 0, framed, 2, wire.length);
            out.write(framed);
            DataInputStream in = new DataInputStream(socket.getInputStream());
            byte[] length = read(socket, in, 2, end);
            byte[] body = read(socket, in, ((length[0] & 0xff) << 8) | (length[1] & 0xff), end);
            Message answer = parse(body);
            if (answer == null || !answers(query, answer)) {
                throw new IOException("what came over TCP is no answer");
            }
            if (answer.getHeader().getFlag(Flags.TC)) {
                throw new IOException("the answer is cut short over TCP, too");
            }
            return answer;
        } catch (SocketTimeoutException e) {
            throw timedOut(e);
        } finally {
            open.removeIf(each -> each instanceof Socket socket && socket.isClosed());
        }
    }

    /** Bytes that may come one by one, but not for longer than the time there is. */
    private static byte[] read(Socket socket, DataInputStream in, int count, long end) throws IOException {
        byte[] bytes = new byte[count];
        int have = 0;
        while (have < count) {
            int left = millisUntil(end);
            if (left <= 0) {
                throw timedOut(null);
            }
            socket.setSoTimeout(left);
            int got = in.read(bytes, have, count - have);
            if (got < 0) {
                throw new IOException("the connection ended before the answer did");
            }
            have += got;
        }
        return bytes;
    }

    private static InterruptedIOException timedOut(@Nullable Throwable cause) {
        InterruptedIOException error = new InterruptedIOException("no answer in time over TCP");
        error.initCause(cause);
        return error;
    }

    private static int millisUntil(long end) {
        return (int) Math.min(Integer.MAX_VALUE, TimeUnit.NANOSECONDS.toMillis(end - System.nanoTime()));
    }

    static @Nullable Message parse(byte[] wire) {
        try {
            return new Message(wire);
        } catch (IOException | RuntimeException e) {
            return null;
        }
    }

    private static boolean answers(Message query, Message answer) {
        boolean asked = answer.getQuestion() == null
                ? answer.getRcode() != Rcode.NOERROR
                : answer.getQuestion().equals(query.getQuestion());
        return asked
                && answer.getHeader().getFlag(Flags.QR)
                && answer.getHeader().getID() == query.getHeader().getID();
    }

    private void hold(Closeable socket) throws IOException {
        open.add(socket);
        if (closed) {
            socket.close();
            throw new IOException("closed");
        }
    }

    /** Ends every question under way. */
    @Override
    public void close() {
        closed = true;
        for (Closeable socket : open) {
            try {
                socket.close();
            } catch (IOException e) {
                // It is closed to its owner all the same.
            }
        }
    }
}
