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

    private final SocketChannel channel;
    private final InputStream in;
    private final OutputStream out;

    /** Held while somebody reads. */
    private final ReentrantLock reading = new ReentrantLock();

    /** A byte that came unasked and that the next read gets, or -1. Under the lock. */
    private int early = -1;

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
     * Whether the other side has ended the connection, or sent something although nobody is waiting for it: the answer
     * to a request that was not made yet, mostly one that says that the connection was idle for too long. False while
     * somebody reads.
     */
    boolean hasEnded() {
        if (!reading.tryLock()) {
            return false;
        }
        try {
            if (early >= 0) {
                return true;
            }
            long now = System.nanoTime();
            if (now - askedNanos < FRESH_NANOS) {
                return false;
            }
            askedNanos = now;
            ByteBuffer one = ByteBuffer.allocate(1);
            int read;
            channel.configureBlocking(false);
            try {
                read = channel.read(one);
            } finally {
                channel.configureBlocking(true);
            }
            if (read > 0) {
                early = one.get(0) & 0xff;
            }
            return read != 0;
        } catch (IOException e) {
            return true;
        } finally {
            reading.unlock();
        }
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
                if (early >= 0 && length > 0) {
                    bytes[offset] = (byte) early;
                    early = -1;
                    return 1;
                }
                return in.read(bytes, offset, length);
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
