package io.lb4j.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DiscoveryUriTest {
    @TempDir
    Path dir;

    private static DiscoveryUri uri(String text) {
        return DiscoveryUri.parse(text);
    }

    @Test
    void parts_areRead() {
        DiscoveryUri uri = uri("Consul://a:1,[::1]:2,c.example/shop%2Forders?tag=blue%20ish&n=3");

        assertThat(uri.scheme()).isEqualTo("consul");
        assertThat(uri.hosts(8500)).containsExactly("a:1", "[::1]:2", "c.example:8500");
        assertThat(uri.service()).isEqualTo("shop/orders");
        assertThat(uri.string("tag", null)).isEqualTo("blue ish");
        assertThat(uri.integer("n", 1)).isEqualTo(3);
        assertThat(uri).hasToString("consul://a:1,[::1]:2,c.example/shop%2Forders");
        uri.checkAllAsked();
    }

    @Test
    void absentParts_areAtTheirDefaults() {
        DiscoveryUri uri = uri("x://h");

        assertThat(uri.service()).isNull();
        assertThat(uri.path()).isEmpty();
        assertThat(uri.string("a", null)).isNull();
        assertThat(uri.bool("b", true)).isTrue();
        assertThat(uri.integer("c", 4)).isEqualTo(4);
        assertThat(uri.duration("d", Duration.ofSeconds(5))).isEqualTo(Duration.ofSeconds(5));
        assertThat(uri.oneOf("e", "y", "y", "z")).isEqualTo("y");
        assertThat(uri.list("f")).isEmpty();
        assertThat(uri.secret("token")).isNull();
        assertThat(uri.client()).isNull();
        assertThat(uri("x:path").hosts(1)).isEmpty();
        assertThat(uri("x://ns/s?").authority()).isEqualTo("ns");
        assertThat(uri("dns:///orders").service()).isEqualTo("orders");
    }

    @Test
    void values_areTyped() {
        DiscoveryUri uri = uri("x://h?b=false&d=200ms&e=z&f=a,b%2Cc,d&plus=a+b&empty=");

        assertThat(uri.bool("b", true)).isFalse();
        assertThat(uri.duration("d", Duration.ZERO)).isEqualTo(Duration.ofMillis(200));
        assertThat(uri.oneOf("e", "y", "y", "z")).isEqualTo("z");
        assertThat(uri.list("f")).containsExactly("a", "b,c", "d");
        assertThat(uri.string("plus", null)).isEqualTo("a+b");
        assertThat(uri.string("empty", "x")).isEmpty();
    }

    @Test
    void values_ofAnotherType_areRefusedWithTheRule() {
        DiscoveryUri uri = uri("x://h/a/b?v=maybe&list=a,,b");

        assertThatThrownBy(() -> uri.bool("v", true))
                .hasMessage("v: maybe (expected: one of [true, false]), in x://h/a/b");
        assertThatThrownBy(() -> uri.integer("v", 1)).hasMessage("v: maybe (expected: a whole number), in x://h/a/b");
        assertThatThrownBy(() -> uri.duration("v", Duration.ZERO))
                .hasMessage("v: maybe (expected: a whole number and ms, s or m, as in 15s), in x://h/a/b");
        assertThatThrownBy(() -> uri.oneOf("v", "a", "a", "b"))
                .hasMessage("v: maybe (expected: one of [a, b]), in x://h/a/b");
        assertThatThrownBy(() -> uri.list("list"))
                .hasMessage("list: a,,b (expected: items separated by single commas), in x://h/a/b");
        assertThatThrownBy(uri::service)
                .hasMessage("path: /a/b (expected: the name of one service, a slash in it written %2F), in x://h/a/b");
    }

    @Test
    void urls_followTls() {
        assertThat(uri("x://a,b:2").urls(80)).containsExactly("http://a:80", "http://b:2");
        assertThat(uri("x://a?tls=true").url(443)).isEqualTo("https://a:443");
        assertThatThrownBy(() -> uri("x://a,b").url(80)).hasMessage("hosts: a,b (expected: one host), in x://a,b");
        assertThatThrownBy(() -> uri("x:///s").url(80))
                .hasMessage("host: none (expected: one, as in x://127.0.0.1:80), in x:/s");
        assertThatThrownBy(() -> uri("x://a?caFile=/ca.pem").client())
                .hasMessage("caFile: /ca.pem (expected: tls=true besides), in x://a");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "consul", "://h", "1x://h", "x_y://h", "/etc/x"})
    void noScheme_isRefused(String text) {
        assertThatThrownBy(() -> uri(text))
                .hasMessage("discovery URI: '" + text + "' (expected: scheme://host:port/service?name=value)");
    }

    @ParameterizedTest
    @CsvSource({
        "x://h:0, h:0",
        "x://h:65536, h:65536",
        "x://h:x, h:x",
        "x://::1, ::1",
        "x://[::1, [::1",
        "x://[127.0.0.1]:1, [127.0.0.1]:1",
        "x://[::g]:1, [::g]:1",
        "x://[fe80::1%25eth0]:1, [fe80::1%25eth0]:1",
        "'x://a,,b', ''",
        "'x://a:1,', ''",
        "x://%61:1, %61:1",
    })
    void hosts_malformed_areRefused(String text, String host) {
        assertThatThrownBy(() -> uri(text).hosts(80))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("host: '" + host + "' (expected: host:port, separated by commas, an IPv6");
    }

    @Test
    void port_missing_isRefusedIfThereIsNoDefault() {
        assertThatThrownBy(() -> uri("x://h").hosts(0)).hasMessageStartingWith("host: 'h' (expected: host:port");
    }

    @Test
    void userInfo_isRefusedWithoutBeingRepeated() {
        assertThatThrownBy(() -> uri("consul://me:geheim@h:1/orders"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("URIs end up in logs")
                .hasMessageContaining("tokenFile=")
                .hasMessageNotContaining("geheim");
        assertThat(uri("x://h/a?f=//b@c").string("f", null)).isEqualTo("//b@c");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            value = {
                "x://h?a=1&a=2; a: given twice (expected: each parameter once, a list separated by commas), in x://h",
                "x://h?a=1&%61=2; a: given twice (expected: each parameter once, a list separated by commas), in x://h",
                "x://h?a; parameter: 'a' (expected: name=value, separated by &), in x://h",
                "x://h?=a; parameter: '' (expected: name=value, separated by &), in x://h",
                "x://h?a=1&; parameter: '' (expected: name=value, separated by &), in x://h",
                "x://h/p#f; discovery URI: 'x://h/p#f' with a fragment (expected: # written %23)",
                "x://h/a b; discovery URI: 'x://h/a b' has the character U+0020 at 7 (expected: other characters than letters, digits and punctuation percent-encoded)",
            })
    void malformed_isRefused(String text, String message) {
        assertThatThrownBy(() -> uri(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @ParameterizedTest
    @ValueSource(strings = {"%", "%4", "%zz", "%ff", "a%c3", "%+1"})
    void percentEncoding_malformed_isRefused(String value) {
        assertThatThrownBy(() -> uri("x://h?a=" + value).string("a", null))
                .hasMessage("a: " + value
                        + " (expected: a percent sign and two hexadecimal digits per byte of UTF-8), in x://h");
    }

    @Test
    void percentEncoding_isUtf8() {
        assertThat(uri("x://h?a=%C3%BC%E2%82%AC").string("a", null)).isEqualTo("ü€");
    }

    @Test
    void service_mayBeAParameter() {
        assertThat(uri("x://h?service=orders").service()).isEqualTo("orders");
        assertThatThrownBy(() -> uri("x://h/a?service=b").service())
                .hasMessage("service: b (expected: to be named once, but the path names a), in x://h/a");
        DiscoveryUri file = uri("x:/etc/a?service=b");
        assertThat(file.path()).isEqualTo("/etc/a");
        assertThat(file.service()).isEqualTo("b");
        assertThat(file.fixedService()).isEqualTo("b");
    }

    @Test
    void notAskedFor_isRefusedWithWhatIs() {
        DiscoveryUri uri = uri("x://h/s?pasing=true&q=1");
        uri.hosts(1);
        uri.service();
        uri.bool("passing", false);
        uri.string("tag", null);

        assertThatThrownBy(uri::checkAllAsked)
                .hasMessage("pasing (did you mean 'passing'?), q: unknown (expected: parameters of"
                        + " [passing, service, tag]), in x://h/s");
        assertThatThrownBy(() -> uri("x://h").checkAllAsked())
                .hasMessage("hosts: h (expected: none with the scheme x), in x://h");
        assertThatThrownBy(() -> uri("x:/p").checkAllAsked())
                .hasMessage("path: /p (expected: none with the scheme x), in x:/p");
    }

    @Test
    void secret_isReadAnewEachTime() throws IOException {
        Path file = dir.resolve("token");
        DiscoveryUri.Secret secret = uri("x://h?tokenFile=" + file).secret("token");

        assertThatThrownBy(secret::read).isInstanceOf(IOException.class);
        Files.writeString(file, "one\n");
        assertThat(secret.read()).isEqualTo("one");
        Files.writeString(file, "two");
        assertThat(secret.read()).isEqualTo("two");
        Files.writeString(file, " \n");
        assertThatThrownBy(secret::read).hasMessage("tokenFile " + file + ": blank (expected: a secret)");
    }

    @Test
    void secret_ofTheEnvironment() throws IOException {
        assertThat(uri("x://h?tokenEnv=PATH").secret("token").read()).isEqualTo(System.getenv("PATH"));
        assertThatThrownBy(() ->
                        uri("x://h?tokenEnv=NO_SUCH_VARIABLE").secret("token").read())
                .hasMessage("tokenEnv NO_SUCH_VARIABLE: not set (expected: a secret)");
    }

    @Test
    void secret_inTheUri_isRefusedWithoutBeingRepeated() {
        assertThatThrownBy(() -> uri("x://h?token=geheim").secret("token"))
                .hasMessage(
                        "token: given in the URI (expected: tokenFile=/path or tokenEnv=VARIABLE, since URIs end up in"
                                + " logs), in x://h");
        assertThatThrownBy(() -> uri("x://h?tokenEnv=A&tokenFile=b").secret("token"))
                .hasMessage("tokenEnv: A (expected: either this or tokenFile), in x://h");
    }
}
