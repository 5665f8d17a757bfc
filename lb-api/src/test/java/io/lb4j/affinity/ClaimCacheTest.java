package io.lb4j.affinity;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.lb4j.affinity.ClaimCache.Entry;
import java.time.Duration;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class ClaimCacheTest {
    private static final long RECENT = 100;

    private static Entry entry(long key, String instance, long version, long since) {
        return new Entry(key, instance, new Claim(instance, version), since);
    }

    @Test
    void find_halfAsManyKeysAsItHolds_findsNearlyAll() {
        ClaimCache cache = new ClaimCache(1 << 14);
        SplittableRandom random = new SplittableRandom(1);
        long[] keys = random.longs(1 << 13).toArray();
        for (long key : keys) {
            cache.put(entry(key, "a", 1, key & 1023), RECENT);
        }
        int found = 0;
        for (long key : keys) {
            found += cache.find(key) == null ? 0 : 1;
        }
        assertThat(found).isGreaterThan(keys.length * 97 / 100);
    }

    @Test
    void find_keysInSequence_areSpread() {
        ClaimCache cache = new ClaimCache(1 << 10);
        for (int i = 0; i < 512; i++) {
            cache.put(entry(i, "a", 1, i), RECENT);
        }
        for (int i = 0; i < 512; i++) {
            assertThat(cache.find(i)).isNotNull();
        }
        assertThat(cache.find(512)).isNull();
    }

    @Test
    void put_noPlaceLeft_oldestMakesRoom() {
        ClaimCache cache = new ClaimCache(1 << 10);
        for (int i = 0; i < 1 << 16; i++) {
            cache.put(entry(i, "a", 1, Long.MAX_VALUE - 1000 + i), RECENT);
        }
        int recent = 0;
        for (int i = 0; i < 1 << 16; i++) {
            recent += cache.find(i) != null && i >= (1 << 16) - (1 << 11) ? 1 : 0;
        }
        assertThat(recent).isGreaterThan(900);
    }

    @Test
    void put_answersOvertakeEachOther_newerStays() {
        ClaimCache cache = new ClaimCache(1 << 10);
        cache.put(entry(7, "b", 2, 1_000), RECENT);
        cache.put(entry(7, "a", 1, 1_050), RECENT);
        assertThat(cache.find(7).instance()).isEqualTo("b");
        cache.put(new Entry(7, "c", null, 1_060), RECENT);
        assertThat(cache.find(7).instance()).isEqualTo("b");
        cache.put(entry(7, "a", 1, 1_200), RECENT);
        assertThat(cache.find(7).instance()).as("the store has lost its memory").isEqualTo("a");
        cache.put(entry(7, "d", 3, 1_201), RECENT);
        assertThat(cache.find(7).instance()).isEqualTo("d");
    }

    @Test
    void settings_outOfRange_areNamed() {
        assertThatThrownBy(() -> new AffinitySettings(Duration.ZERO, Duration.ZERO, 1024))
                .hasMessage("lookupTimeout: PT0S (expected: > 0, <= 365 days)");
        assertThatThrownBy(() -> new AffinitySettings(Duration.ofMillis(1), Duration.ofMillis(-1), 1024))
                .hasMessage("cacheFor: PT-0.001S (expected: >= 0, <= 365 days)");
        assertThatThrownBy(() -> new AffinitySettings(Duration.ofMillis(1), Duration.ZERO, 1023))
                .hasMessage("cachedKeys: 1023 (expected: 1024 to 16777216)");
        assertThatThrownBy(() -> new Claim("", 0)).hasMessage("instance: '' (expected: 1 to 255 characters)");
        assertThatThrownBy(() -> new Claim("a", -1)).hasMessage("version: -1 (expected: >= 0)");
    }
}
