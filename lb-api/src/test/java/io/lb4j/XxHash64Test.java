package io.lb4j;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import net.jpountz.xxhash.XXHashFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

final class XxHash64Test {

    private static byte[] counting(int length) {
        byte[] bytes = new byte[length];
        for (int i = 0; i < length; i++) {
            bytes[i] = (byte) i;
        }
        return bytes;
    }

    /** From the tests of gRPC's xds module. */
    @ParameterizedTest
    @CsvSource({
        "0, -1205034819632174695",
        "1, -1642502924627794072",
        "2, 5216751715308240086",
        "3, -1889335612763511331",
        "4, -13835840860730338",
        "8, -8626056615231480947"
    })
    void hash_ofCountingBytes_isThatOfGrpc(int length, long expected) {
        assertThat(XxHash64.hash(counting(length), 0)).isEqualTo(expected);
    }

    static Stream<Long> seeds() {
        return Stream.of(0L, 1L, 42L, -1L, Long.MIN_VALUE, 0x9E3779B97F4A7C15L);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void hash_ofEveryLength_isThatOfAnotherImplementation(long seed) {
        var other = XXHashFactory.safeInstance().hash64();
        SplittableRandom random = new SplittableRandom(seed);
        for (int length = 0; length <= 300; length++) {
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            assertThat(XxHash64.hash(bytes, seed))
                    .as("length %d", length)
                    .isEqualTo(other.hash(bytes, 0, length, seed));
        }
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void hash_ofALong_isThatOfItsEightBytes(long seed) {
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 1000; i++) {
            long value = random.nextLong();
            byte[] bytes = ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putLong(value)
                    .array();
            assertThat(XxHash64.hash(value, seed)).isEqualTo(XxHash64.hash(bytes, seed));
        }
    }

    @Test
    void hash_ofAText_isThatOfItsUtf8() {
        for (String text : new String[] {"", "a", "cart-4711", "Ä\u20ac\uD83D\uDE00", "x".repeat(1000)}) {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            assertThat(XxHash64.hash(text)).isEqualTo(XxHash64.hash(bytes, 0));
            assertThat(XxHash64.hash(text, 5)).isEqualTo(XxHash64.hash(bytes, 5));
        }
    }
}
