package io.lb4j.okhttp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import okhttp3.Request;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Cookies that hold a user to an instance, over real servers. */
class PersistenceCookieTest extends Fixture {
    private static final byte[] KEY = key(1);
    private static final byte[] NEXT_KEY = key(2);

    private final AtomicReference<Instant> now = new AtomicReference<>(Instant.ofEpochSecond(1_000_000));

    private static byte[] key(int fill) {
        byte[] key = new byte[32];
        Arrays.fill(key, (byte) fill);
        return key;
    }

    private PersistenceCookie.Builder cookie() {
        return PersistenceCookie.builder("lb", "orders").clock(now::get).timeToLive(Duration.ofHours(1));
    }

    /** Makes a user's request and returns the name of who served it. */
    private static String call(LoadBalancedClient client, PersistenceCookie.Session session) throws IOException {
        return body(
                client,
                get(Wire.H1)
                        .newBuilder()
                        .tag(PersistenceCookie.Session.class, session)
                        .build());
    }

    /** What a browser sends back. */
    private static String sent(String setCookie) {
        return setCookie.substring(0, setCookie.indexOf(';'));
    }

    private LoadBalancedClient client(Backend... backends) {
        orders(backends);
        return closing(lb(base(Wire.H1).build()).strategy(BY_TURNS).build());
    }

    private static String issued(PersistenceCookie cookie, LoadBalancedClient client) throws IOException {
        PersistenceCookie.Session session = cookie.session(null);
        call(client, session);
        return sent(session.setCookie());
    }

    @Test
    void user_withTheCookie_staysWithTheInstance() throws Exception {
        LoadBalancedClient client = client(backend("a", Wire.H1), backend("b", Wire.H1), backend("c", Wire.H1));
        PersistenceCookie cookie = cookie().key(KEY).build();
        PersistenceCookie.Session first = cookie.session(null);
        assertThat(first.setCookie()).isNull();

        String server = call(client, first);
        String setCookie = first.setCookie();

        assertThat(setCookie)
                .matches("lb=[A-Za-z0-9_-]+; Path=/; Max-Age=3600; HttpOnly; Secure; SameSite=Lax")
                .doesNotContain("127.0.0.1");
        for (int i = 0; i < 10; i++) {
            PersistenceCookie.Session next = cookie.session("other=1; " + sent(setCookie) + "; more=2");
            assertThat(call(client, next)).isEqualTo(server);
            assertThat(next.setCookie()).isNull();
        }
        assertThat(cookie.rejected()).isZero();
        assertThat(cookie.issued()).isEqualTo(1);
    }

    @Test
    void cookie_changedAnywhere_isNoCookieAndNoError() throws Exception {
        LoadBalancedClient client = client(backend("a", Wire.H1), backend("b", Wire.H1));
        PersistenceCookie cookie = cookie().key(KEY).build();
        String good = issued(cookie, client);
        int from = "lb=".length();

        int tried = 0;
        for (int at = from; at < good.length(); at++) {
            char changed = good.charAt(at) == 'A' ? 'Q' : 'A';
            assertThat(cookie.session(good.substring(0, at)).instanceId()).isNull();
            assertThat(cookie.session(good.substring(0, at) + changed + good.substring(at + 1))
                            .instanceId())
                    .as("changed at %d", at)
                    .isNull();
            tried += 2;
        }
        assertThat(cookie.rejected()).isEqualTo(tried);
        PersistenceCookie.Session forged = cookie.session("lb=AAAA");
        assertThat(forged.trouble()).startsWith("cookie lb: forged, broken, ").doesNotContain("AAAA");
        assertThat(cookie.session("lb=AAAA; " + good).trouble()).isNull();
        assertThat(call(client, forged)).isNotEmpty();
        assertThat(forged.setCookie()).isNotNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "ab", "abc"})
    void cookie_inAnotherSpellingOfTheSameBytes_isNoCookie(String instance) {
        PersistenceCookie cookie = cookie().key(KEY).build();
        PersistenceCookie.Session session = cookie.session(null);
        session.served(instance, null);
        String good = sent(session.setCookie());
        assertThat(cookie.session(good).instanceId()).isEqualTo(instance);

        // The last character of two of three lengths has bits that no byte has.
        int last = good.length() - 1;
        for (int c = '-'; c <= 'z'; c++) {
            String other = good.substring(0, last) + (char) c;
            if (!other.equals(good)) {
                assertThat(cookie.session(other).instanceId()).as(other).isNull();
            }
        }
        assertThat(cookie.session(good + "=").instanceId()).isNull();
    }

    @Test
    void cookie_issuedTwice_neverLooksTheSame() {
        // With the same nonce, two cookies would give away what they have in common.
        PersistenceCookie cookie = cookie().key(KEY).build();
        PersistenceCookie.Session session = cookie.session(null);
        session.served("a", null);

        assertThat(session.setCookie()).isNotEqualTo(session.setCookie());
    }

    @Test
    void session_thatTwoCallsBegin_isOfWhoAnsweredFirst() {
        PersistenceCookie.Session session = cookie().key(KEY).build().session(null);

        session.served("a", null);
        session.served("b", null);
        assertThat(session.instanceId()).isEqualTo("a");
        session.served("b", "a");
        assertThat(session.instanceId()).isEqualTo("b");
    }

    @Test
    void key_thatItsOwnerOverwrites_staysWhatItWas() {
        byte[] secret = KEY.clone();
        PersistenceCookie.Builder builder = cookie().key(secret);
        Arrays.fill(secret, (byte) 0);
        PersistenceCookie.Session session = builder.build().session(null);
        session.served("a", null);

        assertThat(cookie().key(KEY).build().session(sent(session.setCookie())).instanceId())
                .isEqualTo("a");
    }

    /** Base64 of 37 bytes and the id: 4096 characters with the longest that counts. */
    @Test
    void cookie_longerThanAnyBrowserKeeps_isNotOpened() {
        PersistenceCookie cookie = cookie().key(KEY).build();
        for (int length : new int[] {3035, 3036}) {
            PersistenceCookie.Session session = cookie.session(null);
            session.served("i".repeat(length), null);
            boolean counts = cookie.session(sent(session.setCookie())).instanceId() != null;
            assertThat(counts).as("id of %d characters", length).isEqualTo(length == 3035);
        }
        assertThat(cookie.rejected()).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ";", "lb", "lb=", "=lb", "lb=;lb=", "lb=\u0000", "lb=%%%", "lb=====", "LB=x"})
    void cookieHeader_ofWhateverKind_isNoError(String header) {
        assertThat(cookie().key(KEY).build().session(header).instanceId()).isNull();
    }

    @Test
    void cookieHeader_ofRandomBytes_isNoError() {
        PersistenceCookie cookie = cookie().key(KEY).build();
        Random random = new Random(1);
        for (int i = 0; i < 5_000; i++) {
            StringBuilder header = new StringBuilder("lb=");
            random.ints(random.nextInt(200), 0, 256).forEach(c -> header.append((char) c));
            assertThat(cookie.session(header.toString()).instanceId()).isNull();
        }
    }

    @Test
    void cookie_ofAnotherServiceNameOrKey_isRejected() throws Exception {
        LoadBalancedClient client = client(backend("a", Wire.H1));
        String good = issued(cookie().key(KEY).build(), client);
        PersistenceCookie ofBilling = PersistenceCookie.builder("lb", "billing")
                .clock(now::get)
                .key(KEY)
                .build();
        PersistenceCookie ofOtherName = PersistenceCookie.builder("lc", "orders")
                .clock(now::get)
                .key(KEY)
                .build();
        PersistenceCookie ofOtherKey = cookie().key(NEXT_KEY).build();

        assertThat(ofBilling.session(good).instanceId()).isNull();
        assertThat(ofOtherName.session("lc" + good.substring(2)).instanceId()).isNull();
        assertThat(ofOtherKey.session(good).instanceId()).isNull();
        assertThat(ofBilling.rejected() + ofOtherName.rejected() + ofOtherKey.rejected())
                .isEqualTo(3);
    }

    @Test
    void keys_rotated_openOldCookiesAndSealNewOnes() throws Exception {
        LoadBalancedClient client = client(backend("a", Wire.H1));
        String old = issued(cookie().key(KEY).build(), client);
        PersistenceCookie rotated = cookie().key(NEXT_KEY).key(KEY).build();

        assertThat(rotated.session(old).instanceId()).isNotNull();
        String fresh = issued(rotated, client);
        assertThat(cookie().key(KEY).build().session(fresh).instanceId()).isNull();
        assertThat(cookie().key(NEXT_KEY).build().session(fresh).instanceId()).isNotNull();
    }

    @Test
    void cookie_asTimePasses_isRenewedAndThenExpires() throws Exception {
        LoadBalancedClient client = client(backend("a", Wire.H1), backend("b", Wire.H1));
        PersistenceCookie cookie = cookie().key(KEY).build();
        String good = issued(cookie, client);

        now.set(now.get().plusSeconds(1800));
        PersistenceCookie.Session half = cookie.session(good);
        assertThat(call(client, half)).isEqualTo("a");
        assertThat(half.setCookie()).isNotNull();

        now.set(now.get().plusSeconds(1799));
        assertThat(cookie.session(good).instanceId()).isNotNull();
        now.set(now.get().plusSeconds(1));
        assertThat(cookie.session(good).instanceId()).isNull();
        assertThat(cookie.expired()).isEqualTo(1);
        now.set(now.get().plusSeconds(9));
        assertThat(cookie.session(good).trouble())
                .isEqualTo("cookie lb: expired 9 s ago (expected: one that is not older than 3600 s)");
        assertThat(cookie.session(sent(half.setCookie())).instanceId()).isNotNull();
    }

    @Test
    void instance_thatIsGoneOrDead_isReplacedInTheCookie() throws Exception {
        Backend a = backend("a", Wire.H1);
        Backend b = backend("b", Wire.H1);
        LoadBalancedClient client = client(a, b);
        PersistenceCookie cookie = cookie().key(KEY).build();
        String ofA = issued(cookie, client);

        // It refuses connections, but discovery lists it still.
        a.close();
        PersistenceCookie.Session moved = cookie.session(ofA);
        assertThat(call(client, moved)).isEqualTo("b");
        String ofB = sent(moved.setCookie());
        assertThat(cookie.session(ofB).instanceId()).isEqualTo(b.instance().id());

        orders(b);
        PersistenceCookie.Session gone = cookie.session(ofA);
        assertThat(call(client, gone)).isEqualTo("b");
        assertThat(gone.setCookie()).isNotNull();
    }

    @Test
    void session_taggedOnACallToAnotherService_isLeftAlone() throws Exception {
        Backend other = backend("other", Wire.H1);
        LoadBalancedClient client = client(backend("a", Wire.H1));
        discovery.set("billing", other.instance());
        PersistenceCookie.Session session = cookie().key(KEY).build().session(null);

        assertThat(body(
                        client,
                        new Request.Builder()
                                .url("http://billing/")
                                .tag(PersistenceCookie.Session.class, session)
                                .build()))
                .isEqualTo("other");
        assertThat(session.setCookie()).isNull();
    }

    @Test
    void builder_withWhatNoBrowserTakes_refuses() {
        assertThatThrownBy(() -> cookie().build()).hasMessageContaining("key is missing");
        assertThatThrownBy(() -> cookie().key(new byte[31])).hasMessage("key: 31 bytes (expected: at least 32)");
        assertThatThrownBy(() -> PersistenceCookie.builder("a b", "orders")).hasMessageContaining("name: 'a b'");
        assertThatThrownBy(() -> cookie().path("/; Domain=x")).hasMessageContaining("path: ");
        assertThatThrownBy(() -> cookie().sameSite("lax")).hasMessageContaining("sameSite: 'lax'");
        assertThatThrownBy(
                        () -> cookie().key(KEY).secure(false).sameSite("None").build())
                .hasMessageContaining("sameSite: 'None'");
        assertThatThrownBy(() -> cookie().timeToLive(Duration.ZERO)).hasMessageContaining("timeToLive");
    }

    @Test
    void builder_withAPrefixThatBrowsersCheck_refusesWhatTheyDo() {
        assertThatThrownBy(() -> PersistenceCookie.builder("__Host-lb", "orders")
                        .key(KEY)
                        .path("/x")
                        .build())
                .hasMessageContaining("path: '/x'");
        assertThatThrownBy(() -> PersistenceCookie.builder("__Secure-lb", "orders")
                        .key(KEY)
                        .secure(false)
                        .build())
                .hasMessageContaining("secure: false");
    }

    @Test
    void instance_thatFails_isNotKeptForANewUser() throws Exception {
        Backend a = backend("a", Wire.H1).answersStatus(500);
        LoadBalancedClient client = client(a);
        PersistenceCookie.Session session = cookie().key(KEY).build().session(null);

        call(client, session);

        assertThat(session.instanceId()).isNull();
        assertThat(session.setCookie()).isNull();
    }
}
