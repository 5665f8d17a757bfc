package io.lb4j.okhttp;

import io.lb4j.okhttp.InstanceDns.RedirectedToService;
import java.io.Closeable;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/**
 * Lets TLS through and nothing else. The last line: whoever gets a URL past all that turns it into TLS, a redirect to
 * {@code http} for one, sends nothing.
 */
final class TlsOnlyStream extends FilterOutputStream {
    /** Every connection begins with a handshake record, RFC 8446 §5.1; HTTP with a letter. */
    private static final int HANDSHAKE = 22;

    private final String host;
    private final Closeable socket;
    private boolean begun;

    TlsOnlyStream(OutputStream delegate, String host, Closeable socket) {
        super(delegate);
        this.socket = socket;
        this.host = host;
    }

    @Override
    public void write(int value) throws IOException {
        check(value);
        out.write(value);
    }

    @Override
    public void write(byte[] bytes, int from, int count) throws IOException {
        if (count > 0) {
            check(bytes[from]);
        }
        out.write(bytes, from, count);
    }

    private void check(int first) throws IOException {
        if (!begun) {
            if (first != HANDSHAKE) {
                // Or OkHttp would wait for an answer to what was not sent.
                socket.close();
                // Caught further up, which makes a call of it that is secured.
                throw new RedirectedToService(host, host);
            }
            begun = true;
        }
    }
}
