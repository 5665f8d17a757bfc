package io.lb4j.okhttp;

import java.util.List;
import java.util.OptionalLong;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * Several keys folded into one, as Envoy folds the hash policies of a route. The rotation keeps two equal keys from
 * cancelling each other out, and makes their order count.
 *
 * @param keys in order, at least one
 */
record FoldedKey(List<AffinityKey> keys) implements AffinityKey {
    FoldedKey {
        if (keys.isEmpty()) {
            throw new IllegalArgumentException("keys: none (expected: at least one)");
        }
    }

    /** The hash itself, since there is no one text behind it. */
    @Override
    public @Nullable String of(Request request) {
        OptionalLong hash = hash(request);
        return hash.isEmpty() ? null : Long.toHexString(hash.getAsLong());
    }

    @Override
    public OptionalLong hash(Request request) {
        boolean found = false;
        long folded = 0;
        for (AffinityKey key : keys) {
            OptionalLong hash = key.hash(request);
            if (hash.isPresent()) {
                folded = Long.rotateLeft(folded, 1) ^ hash.getAsLong();
                found = true;
            }
            if (found && key instanceof TerminalKey) {
                break;
            }
        }
        return found ? OptionalLong.of(folded) : OptionalLong.empty();
    }
}
