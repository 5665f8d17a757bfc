package io.lb4j.okhttp.rules;

import java.io.IOException;
import java.util.function.Supplier;
import okhttp3.MediaType;
import okhttp3.RequestBody;
import okio.Buffer;
import okio.BufferedSink;
import okio.ForwardingSink;
import okio.Okio;
import okio.Sink;
import org.jspecify.annotations.Nullable;

/**
 * A body that may not be larger than it may be. What it says of its length is not believed: it is counted as it is written, each time anew.
 * Once too large, nothing more of it goes out and the request can't end as if it were whole.
 */
final class LimitedBody extends RequestBody {
    private final RequestBody body;
    private final long max;
    private final Supplier<RequestDeniedException> denial;

    /**
     * A body within a limit.
     *
     * @param denial made when it is exceeded, on the thread that writes it
     */
    LimitedBody(RequestBody body, long max, Supplier<RequestDeniedException> denial) {
        this.body = body;
        this.max = max;
        this.denial = denial;
    }

    /** Whether a body is watched already, for this limit or a narrower one. */
    static boolean isWithin(RequestBody body, long max) {
        return body instanceof LimitedBody limited && (limited.max <= max || isWithin(limited.body, max));
    }

    @Override
    public @Nullable MediaType contentType() {
        return body.contentType();
    }

    @Override
    public long contentLength() throws IOException {
        return body.contentLength();
    }

    @Override
    public boolean isOneShot() {
        return body.isOneShot();
    }

    @Override
    public boolean isDuplex() {
        return body.isDuplex();
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
        Counted counted = new Counted(sink);
        BufferedSink limited = Okio.buffer(counted);
        body.writeTo(limited);
        if (!body.isDuplex()) {
            if (limited.isOpen()) {
                limited.emit();
            }
            // A body may have swallowed it.
            counted.check();
        }
    }

    private final class Counted extends ForwardingSink {
        private long written;
        private @Nullable RequestDeniedException denied;

        Counted(Sink sink) {
            super(sink);
        }

        void check() throws RequestDeniedException {
            if (denied != null) {
                throw denied;
            }
        }

        @Override
        public void write(Buffer source, long byteCount) throws IOException {
            check();
            if (byteCount > max - written) {
                denied = denial.get();
                throw denied;
            }
            written += byteCount;
            super.write(source, byteCount);
        }

        @Override
        public void close() throws IOException {
            // To close it would be to say that the request is whole. A duplex call is aborted, which ends its stream.
            if (denied == null) {
                super.close();
            }
        }
    }
}
