package io.lb4j.okhttp;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import javax.crypto.Cipher;
import javax.crypto.Mac;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * Seals what a cookie says with one key, so that its bearer can neither change nor read it: AES-256-GCM, under a key that HMAC-SHA-256 derives for
 * this purpose, service and cookie. The tag is compared in constant time by the JDK. Immutable and thread-safe.
 */
final class CookieSeal {
    private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();
    private static final byte VERSION = 1;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final String PURPOSE = "lb4j persistence cookie";

    private static final class Randomness {
        static final SecureRandom SOURCE = new SecureRandom();
    }

    private final SecretKeySpec key;

    CookieSeal(byte[] secret, String service, String cookie) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(secret, "HmacSHA256"));
            mac.update((PURPOSE + '\0' + service + '\0' + cookie).getBytes(UTF_8));
            this.key = new SecretKeySpec(mac.doFinal(), "AES");
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }

    /** The instance's id and the time, in seconds since 1970, after which the cookie means nothing. */
    record Content(String instanceId, long expiresAt) {}

    String seal(Content content) {
        byte[] nonce = new byte[NONCE_BYTES];
        Randomness.SOURCE.nextBytes(nonce);
        byte[] id = content.instanceId().getBytes(UTF_8);
        byte[] plain = ByteBuffer.allocate(Long.BYTES + id.length)
                .putLong(content.expiresAt())
                .put(id)
                .array();
        try {
            byte[] sealed = cipher(Cipher.ENCRYPT_MODE, nonce).doFinal(plain);
            return ENCODER.encodeToString(ByteBuffer.allocate(1 + NONCE_BYTES + sealed.length)
                    .put(VERSION)
                    .put(nonce)
                    .put(sealed)
                    .array());
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has AES/GCM", e);
        }
    }

    /** What was sealed with this key; null if this was not. */
    @Nullable
    Content open(String value) {
        try {
            byte[] all = Base64.getUrlDecoder().decode(value);
            // In one spelling only: the decoder overlooks bits of the last character.
            if (!ENCODER.encodeToString(all).equals(value)
                    || all.length < 1 + NONCE_BYTES + TAG_BITS / Byte.SIZE + Long.BYTES
                    || all[0] != VERSION) {
                return null;
            }
            ByteBuffer in = ByteBuffer.wrap(all, 1, all.length - 1);
            byte[] nonce = new byte[NONCE_BYTES];
            in.get(nonce);
            byte[] sealed = new byte[in.remaining()];
            in.get(sealed);
            ByteBuffer plain =
                    ByteBuffer.wrap(cipher(Cipher.DECRYPT_MODE, nonce).doFinal(sealed));
            long expiresAt = plain.getLong();
            return new Content(UTF_8.decode(plain).toString(), expiresAt);
        } catch (IllegalArgumentException | GeneralSecurityException e) {
            return null;
        }
    }

    private Cipher cipher(int mode, byte[] nonce) throws GeneralSecurityException {
        Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
        cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
        return cipher;
    }
}
