package io.lb4j.okhttp;

import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The streams of a socket that is made of a channel, and the question whether the other side has ended the connection
 * while nobody read from it.
 *
 * <p>A server that restarts closes its idle connections, and a POST sent over one of them is lost: the client can't know
 * that it was not processed. OkHttp asks for the end only after ten idle seconds, since a socket's stream can't be asked
 * without waiting for a millisecond. A channel can.
 */
final class ChannelStreams {
    /** OkHttp asks twice in a row. */
    private static final long FRESH_NANOS = TimeUnit.MICROSECONDS.toNanos(100);

    /** A server that has sent more than that unasked has not closed. */
    private static final int MAX_EARLY = 16 * 1024;

    private final SocketChannel channel;
    private final InputStream in;
    private final OutputStream out;

    /** Held while somebody reads. */
    private final ReentrantLock reading = new ReentrantLock();

    /** What came unasked and the next reads get. Made when there is some; under the lock, and in the state of writing. */
    private @Nullable ByteBuffer early;

    /** Under the lock. */
    private long askedNanos = System.nanoTime() - FRESH_NANOS;

    ChannelStreams(Socket socket, SocketChannel channel) throws IOException {
        this.channel = channel;
        this.in = socket.getInputStream();
        this.out = socket.getOutputStream();
    }

    InputStream input() {
        return new Input();
    }

    OutputStream output() {
        return new Output();
    }

    /**
     * Whether the other side has ended the connection. False while somebody reads.
     *
     * @param layered whether another protocol lies between this and HTTP, so that something may come although nobody
     *     has asked for it, such as the session tickets of TLS; what comes else is the answer to a request that was not
     *     made yet, mostly one that says that the connection was idle for too long, and the end as well
     */
    boolean hasEnded(boolean layered) {
        if (!reading.tryLock()) {
            return false;
        }
        try {
            if (early != null && !layered) {
                return true;
            }
            long now = System.nanoTime();
            if (now - askedNanos < FRESH_NANOS) {
                return false;
            }
            askedNanos = now;
            channel.configureBlocking(false);
            try {
                return readAhead(layered);
            } finally {
                channel.configureBlocking(true);
            }
        } catch (IOException e) {
            return true;
        } finally {
            reading.unlock();
        }
    }

    private boolean readAhead(boolean layered) throws IOException {
        ByteBuffer buffer = early;
        if (buffer == null) {
            ByteBuffer one = ByteBuffer.allocate(1);
            int read = channel.read(one);
            if (read <= 0) {
                return read < 0;
            }
            buffer = ByteBuffer.allocate(layered ? MAX_EARLY : 1).put(one.flip());
            early = buffer;
        }
        if (!layered) {
            return true;
        }
        while (buffer.hasRemaining()) {
            int read = channel.read(buffer);
            if (read <= 0) {
                return read < 0;
            }
        }
        return false;
    }

    private int takeEarly(ByteBuffer buffer, byte[] bytes, int offset, int length) {
        buffer.flip();
        int taken = Math.min(length, buffer.remaining());
        buffer.get(bytes, offset, taken);
        buffer.compact();
        if (buffer.position() == 0) {
            early = null;
        }
        return taken;
    }

    /** As the JDK's other sockets put it. */
    private static IOException asOfSocket(IOException e) {
        if (e instanceof SocketException || e instanceof InterruptedIOException) {
            return e;
        }
        String message = e.getMessage();
        SocketException known = new SocketException(message != null ? message : "Socket closed");
        known.initCause(e);
        return known;
    }

    private final class Input extends InputStream {
        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            reading.lock();
            try {
                ByteBuffer buffer = early;
                return buffer != null && length > 0
                        ? takeEarly(buffer, bytes, offset, length)
                        : in.read(bytes, offset, length);
            } catch (IOException e) {
                throw asOfSocket(e);
            } finally {
                reading.unlock();
            }
        }

        @Override
        public int available() throws IOException {
            // No lock: it would wait for a read.
            return in.available();
        }

        @Override
        public void close() throws IOException {
            in.close();
        }
    }

    private final class Output extends OutputStream {
        @Override
        public void write(int b) throws IOException {
            write(new byte[] {(byte) b}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            try {
                out.write(bytes, offset, length);
            } catch (IOException e) {
                throw asOfSocket(e);
            }
        }

        @Override
        public void close() throws IOException {
            out.close();
        }
    }
}
