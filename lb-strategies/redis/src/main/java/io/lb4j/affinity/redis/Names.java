package io.lb4j.affinity.redis;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.lb4j.XxHash64;
import java.net.URLEncoder;
import java.util.HexFormat;
import org.jspecify.annotations.Nullable;

/** How services, keys and channels are called in Redis. All of bounded length, and of letters that need no quoting. */
final class Names {
    private static final int LONGEST_SERVICE = 128;
    private static final HexFormat HEX = HexFormat.of();

    private final String prefix;

    Names(String prefix) {
        this.prefix = prefix;
    }

    String key(String service, long key) {
        return prefix + ":affinity:" + encoded(service) + ":" + hex(key);
    }

    String channel(String service) {
        return prefix + ":moved:" + encoded(service);
    }

    static String hex(long key) {
        return HEX.toHexDigits(key);
    }

    /** The key's hash, or null if it isn't one. */
    static @Nullable Long parseHex(String text) {
        return text.length() == 16 && text.chars().allMatch(HexFormat::isHexDigit)
                ? (Long) HexFormat.fromHexDigitsToLong(text)
                : null;
    }

    private static String encoded(String service) {
        String name = URLEncoder.encode(service, UTF_8);
        return name.length() <= LONGEST_SERVICE
                ? name
                : name.substring(0, LONGEST_SERVICE / 2) + "~" + hex(XxHash64.hash(service));
    }
}
