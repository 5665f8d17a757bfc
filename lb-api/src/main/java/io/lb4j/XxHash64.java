package io.lb4j;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * XXH64, the hash behind every affinity key. Public so that a strategy of one's own, and a process that must agree with
 * this one (Envoy hashes keys with XXH64 and seed 0), can use the very same function. Strings are hashed as UTF-8.
 *
 * <p>Algorithm: Yann Collet, <a href="https://github.com/Cyan4973/xxHash/blob/dev/doc/xxhash_spec.md">xxHash
 * specification</a>.
 */
public final class XxHash64 {
    private static final long P1 = 0x9E3779B185EBCA87L;
    private static final long P2 = 0xC2B2AE3D27D4EB4FL;
    private static final long P3 = 0x165667B19E3779F9L;
    private static final long P4 = 0x85EBCA77C2B2AE63L;
    private static final long P5 = 0x27D4EB2F165667C5L;

    private static final VarHandle LONGS = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INTS = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    private XxHash64() {}

    /** The hash of {@code text} with seed 0. */
    public static long hash(String text) {
        return hash(text, 0);
    }

    /** The hash of {@code text} with {@code seed}. */
    public static long hash(String text, long seed) {
        return hash(text.getBytes(StandardCharsets.UTF_8), seed);
    }

    /** The hash of eight bytes, the little-endian form of {@code value}; makes no garbage. */
    public static long hash(long value, long seed) {
        return avalanche(mix8(seed + P5 + 8, value));
    }

    /** The hash of {@code bytes} with {@code seed}. */
    public static long hash(byte[] bytes, long seed) {
        int length = bytes.length;
        int at = 0;
        long h;
        if (length >= 32) {
            long a = seed + P1 + P2;
            long b = seed + P2;
            long c = seed;
            long d = seed - P1;
            for (; at <= length - 32; at += 32) {
                a = round(a, (long) LONGS.get(bytes, at));
                b = round(b, (long) LONGS.get(bytes, at + 8));
                c = round(c, (long) LONGS.get(bytes, at + 16));
                d = round(d, (long) LONGS.get(bytes, at + 24));
            }
            h = Long.rotateLeft(a, 1) + Long.rotateLeft(b, 7) + Long.rotateLeft(c, 12) + Long.rotateLeft(d, 18);
            h = merge(merge(merge(merge(h, a), b), c), d);
        } else {
            h = seed + P5;
        }
        h += length;
        for (; at <= length - 8; at += 8) {
            h = mix8(h, (long) LONGS.get(bytes, at));
        }
        if (at <= length - 4) {
            h ^= ((int) INTS.get(bytes, at) & 0xFFFF_FFFFL) * P1;
            h = Long.rotateLeft(h, 23) * P2 + P3;
            at += 4;
        }
        for (; at < length; at++) {
            h ^= (bytes[at] & 0xFF) * P5;
            h = Long.rotateLeft(h, 11) * P1;
        }
        return avalanche(h);
    }

    private static long mix8(long h, long value) {
        return Long.rotateLeft(h ^ round(0, value), 27) * P1 + P4;
    }

    private static long round(long accumulator, long value) {
        return Long.rotateLeft(accumulator + value * P2, 31) * P1;
    }

    private static long merge(long h, long accumulator) {
        return (h ^ round(0, accumulator)) * P1 + P4;
    }

    private static long avalanche(long value) {
        long h = value;
        h ^= h >>> 33;
        h *= P2;
        h ^= h >>> 29;
        h *= P3;
        return h ^ (h >>> 32);
    }
}
