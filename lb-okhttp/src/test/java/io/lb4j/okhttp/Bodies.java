package io.lb4j.okhttp;

import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import okhttp3.MediaType;
import okhttp3.RequestBody;
import okio.BufferedSink;

/** Request bodies that count how often they are written. */
final class Bodies extends RequestBody {
    private final boolean oneShot;
    private final boolean duplex;
    private final AtomicInteger writes = new AtomicInteger();

    private Bodies(boolean oneShot, boolean duplex) {
        this.oneShot = oneShot;
        this.duplex = duplex;
    }

    static Bodies replayable() {
        return new Bodies(false, false);
    }

    static Bodies oneShot() {
        return new Bodies(true, false);
    }

    static Bodies duplex() {
        return new Bodies(false, true);
    }

    int writes() {
        return writes.get();
    }

    @Override
    public MediaType contentType() {
        return MediaType.get("text/plain");
    }

    @Override
    public long contentLength() {
        return duplex ? -1 : 5;
    }

    @Override
    public boolean isOneShot() {
        return oneShot;
    }

    @Override
    public boolean isDuplex() {
        return duplex;
    }

    @Override
    public void writeTo(BufferedSink sink) throws IOException {
        writes.incrementAndGet();
        sink.writeUtf8("hello");
        if (duplex) {
            sink.close();
        }
    }
}
