package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.lb4j.PickRequest;
import io.lb4j.Strategy;
import io.lb4j.XxHash64;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import okhttp3.Request;
import org.junit.jupiter.api.Test;

/**
 * Hashes as Envoy's route hash policies make them. The expected values were computed apart from this code, with an
 * XXH64 that reproduces Envoy's own test of several values, {@code {"foo", "bar"}}.
 */
class AffinityHashTest extends Fixture {
    private static final AffinityKey USER = AffinityKey.header("X-User");
    private static final AffinityKey SESSION = AffinityKey.cookie("sid");
    private static final AffinityKey PAGE = AffinityKey.queryParameter("page");
    private static final AffinityKey SOURCE = AffinityKey.clientAddress();

    private static Request request(UnaryOperator<Request.Builder> change) {
        return change.apply(new Request.Builder().url("http://orders/")).build();
    }

    private static Request full() {
        return request(r -> r.url("http://orders/?x=1&page=a%20b&page=2")
                .header("X-User", "u7")
                .header("Cookie", "a=b; sid=\"s1\"")
                .header("X-Forwarded-For", "203.0.113.9, 10.0.0.1"));
    }

    private static OptionalLong hash(String unsigned) {
        return OptionalLong.of(Long.parseUnsignedLong(unsigned));
    }

    @Test
    void seedChain_ofEnvoysVector_isItsHash() {
        assertThat(Long.toUnsignedString(XxHash64.hash("bar", XxHash64.hash("foo"))))
                .isEqualTo("17745830980996999794");
    }

    @Test
    void header_oneValue_hashesAsItsText() {
        AffinityKey key = AffinityKey.header("X-Test-Header");
        assertThat(key.hash(request(r -> r.header("x-test-header", "test-value"))))
                .isEqualTo(hash("4724915109242149117"))
                .hasValue(PickRequest.ofKey("test-value").hash());
        assertThat(key.hash(request(r -> r))).isEmpty();
        assertThat(key.hash(request(r -> r.header("X-Test-Header", "")))).hasValue(XxHash64.hash(""));
    }

    @Test
    void header_severalValues_hashAlikeInAnyOrder() {
        OptionalLong expected = hash("9193721384592083371");
        AffinityKey key = AffinityKey.header("X-Multi");
        Request inOrder = request(r -> r.addHeader("X-Multi", "value1").addHeader("x-multi", "value2"));
        Request reversed = request(r -> r.addHeader("x-multi", "value2").addHeader("X-Multi", "value1"));

        assertThat(key.hash(inOrder)).isEqualTo(expected);
        assertThat(key.hash(reversed)).isEqualTo(expected);
        assertThat(key.of(reversed)).isEqualTo("value1,value2");
        assertThat(AffinityKey.header("X")
                        .hash(request(r -> r.addHeader("X", "foo").addHeader("X", "bar"))))
                .isEqualTo(hash("6648465492906218751"));
    }

    @Test
    void cookie_quotedOrEmpty_isBareOrNone() {
        assertThat(SESSION.hash(full())).hasValue(XxHash64.hash("s1"));
        assertThat(SESSION.hash(request(r -> r.header("Cookie", "sid=; a=b")))).isEmpty();
        assertThat(SESSION.hash(request(r -> r.header("Cookie", "sid=\"\"")))).isEmpty();
        assertThat(SESSION.of(request(r -> r.header("Cookie", "sid=\"")))).isEqualTo("\"");
    }

    @Test
    void queryParameter_encodedOrWithoutValue_isAsTheUrlSpellsIt() {
        assertThat(PAGE.of(full())).isEqualTo("a%20b");
        assertThat(PAGE.of(request(r -> r.url("http://orders/?homepage=1&page"))))
                .isEmpty();
        assertThat(PAGE.of(request(r -> r.url("http://orders/?page=")))).isEmpty();
        assertThat(PAGE.of(request(r -> r.url("http://orders/?pages=1&pag=2")))).isNull();
        assertThat(PAGE.of(request(r -> r.url("http://orders/?page=a=b&c")))).isEqualTo("a=b");
    }

    @Test
    void allOf_severalKeys_rotatesAndCombines() {
        assertThat(AffinityKey.allOf(USER, SOURCE).hash(full())).isEqualTo(hash("8976257835326846985"));
        assertThat(AffinityKey.allOf(SESSION, USER, PAGE, SOURCE).hash(full())).isEqualTo(hash("47534239866959913"));
        // Two equal keys don't cancel out, and their order counts.
        assertThat(AffinityKey.allOf(USER, USER).hash(full())).isEqualTo(hash("265120139278140899"));
        assertThat(AffinityKey.allOf(SOURCE, USER).hash(full()))
                .isNotEqualTo(AffinityKey.allOf(USER, SOURCE).hash(full()));
        assertThat(AffinityKey.allOf(USER).hash(full())).isEqualTo(USER.hash(full()));
    }

    @Test
    void allOf_missingKeys_arePassedOver() {
        Request bare = request(r -> r.header("X-User", "u7"));

        assertThat(AffinityKey.allOf(SESSION, USER, SOURCE).hash(bare)).isEqualTo(USER.hash(bare));
        assertThat(AffinityKey.allOf(SESSION, SOURCE).hash(bare)).isEmpty();
        assertThat(AffinityKey.allOf(SESSION, SOURCE).of(bare)).isNull();
        assertThat(AffinityKey.allOf(USER).of(bare))
                .isEqualTo(Long.toHexString(USER.hash(bare).getAsLong()));
        assertThatIllegalArgumentException()
                .isThrownBy(AffinityKey::allOf)
                .withMessage("keys: none (expected: at least one)");
    }

    @Test
    void allOf_hashAtATerminalKey_looksNoFurther() {
        assertThat(AffinityKey.allOf(SESSION.terminal(), USER).hash(full())).isEqualTo(SESSION.hash(full()));
        // Without a session the next one counts, and with one before it a terminal key ends the search even if it is
        // not there.
        Request bare = request(r -> r.header("X-User", "u7").header("X-Forwarded-For", "203.0.113.9"));
        assertThat(AffinityKey.allOf(SESSION.terminal(), USER).hash(bare)).isEqualTo(USER.hash(bare));
        assertThat(AffinityKey.allOf(USER, SESSION.terminal(), SOURCE).hash(bare))
                .isEqualTo(USER.hash(bare));
        assertThat(AffinityKey.allOf(SESSION.terminal(), USER.terminal(), SOURCE)
                        .hash(bare))
                .isEqualTo(USER.hash(bare));
    }

    @Test
    void terminal_byItself_isTheSameKey() {
        AffinityKey terminal = USER.terminal();
        assertThat(terminal.of(full())).isEqualTo("u7");
        assertThat(terminal.hash(full())).isEqualTo(USER.hash(full()));
        assertThat(terminal.terminal()).isSameAs(terminal);
    }

    @Test
    void call_ofFoldedKey_isPickedByItsHash() throws Exception {
        AtomicReference<PickRequest> seen = new AtomicReference<>();
        Strategy recording = eligible -> request -> {
            seen.set(request);
            return eligible.get(0);
        };
        orders(backend("a", Wire.H1));
        LoadBalancedClient client = closing(lb(base(Wire.H1).build())
                .strategy(recording)
                .service("orders", settings -> settings.affinity(AffinityKey.allOf(USER, SOURCE)))
                .build());

        body(client, full());
        assertThat(seen.get().hasHash()).isTrue();
        assertThat(Long.toUnsignedString(seen.get().hash())).isEqualTo("8976257835326846985");
        body(client, get(Wire.H1));
        assertThat(seen.get().hasHash()).isFalse();
    }
}
