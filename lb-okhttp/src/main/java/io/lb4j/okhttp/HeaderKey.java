package io.lb4j.okhttp;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.lb4j.XxHash64;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.stream.Collectors;
import okhttp3.Headers;
import okhttp3.Request;
import org.jspecify.annotations.Nullable;

/**
 * A header as a key. Several values hash as Envoy's do: sorted by their bytes, each with the hash of those before it as
 * its seed, so that a proxy that reorders them moves no key.
 *
 * @param name in any case
 */
record HeaderKey(String name) implements AffinityKey {
    HeaderKey {
        Objects.requireNonNull(name, "name");
    }

    @Override
    public @Nullable String of(Request request) {
        List<String> values = request.headers(name);
        return values.isEmpty() ? null : values.stream().sorted().collect(Collectors.joining(","));
    }

    @Override
    public OptionalLong hash(Request request) {
        Headers headers = request.headers();
        String only = null;
        for (int i = 0; i < headers.size(); i++) {
            if (headers.name(i).equalsIgnoreCase(name)) {
                if (only != null) {
                    return OptionalLong.of(hashOfAll(headers.values(name)));
                }
                only = headers.value(i);
            }
        }
        return only == null ? OptionalLong.empty() : OptionalLong.of(XxHash64.hash(only));
    }

    private static long hashOfAll(List<String> values) {
        byte[][] sorted = new byte[values.size()][];
        for (int i = 0; i < sorted.length; i++) {
            sorted[i] = values.get(i).getBytes(UTF_8);
        }
        Arrays.sort(sorted, Arrays::compareUnsigned);
        long hash = 0;
        for (byte[] value : sorted) {
            hash = XxHash64.hash(value, hash);
        }
        return hash;
    }
}
