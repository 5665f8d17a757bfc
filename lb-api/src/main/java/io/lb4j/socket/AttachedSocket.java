package io.lb4j.socket;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import org.jspecify.annotations.Nullable;

/** The JDK's own socket, which tells when it is closed, be it by way of its streams. */
final class AttachedSocket extends Socket {
    private volatile @Nullable Connection connection;
    private @Nullable InputStream watched;

    /** Called once, by the connecting thread, before anybody else has this socket's streams. */
    void attach(Connection made) {
        connection = made;
        made.endWith(this);
        if (isClosed()) {
            made.end();
        }
    }

    @Override
    public InputStream getInputStream() throws IOException {
        InputStream input = super.getInputStream();
        Connection known = connection;
        return known != null && known.isWatched() ? watched(input, known) : input;
    }

    private synchronized InputStream watched(InputStream input, Connection known) {
        InputStream one = watched;
        if (one == null) {
            one = new WatchedInput(input, this, known);
            watched = one;
        }
        return one;
    }

    @Override
    @SuppressWarnings(
            "UnsynchronizedOverridesSynchronized") // the JDK locks for itself, and a close must not wait for a read
    public void close() throws IOException {
        try {
            super.close();
        } finally {
            Connection known = connection;
            if (known != null) {
                known.end();
            }
        }
    }
}
