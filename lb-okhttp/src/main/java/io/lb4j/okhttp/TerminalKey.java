package io.lb4j.okhttp;

import java.util.OptionalLong;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * A key at which {@link FoldedKey} stops.
 *
 * @param key the key itself
 */
record TerminalKey(AffinityKey key) implements AffinityKey {
    @Override
    public @Nullable String of(Request request) {
        return key.of(request);
    }

    @Override
    public OptionalLong hash(Request request) {
        return key.hash(request);
    }

    @Override
    public AffinityKey terminal() {
        return this;
    }
}
