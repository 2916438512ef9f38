package gridfold.android

import android.os.Build
import android.security.keystore.KeyGenParameterSpec
import android.security.keystore.KeyPermanentlyInvalidatedException
import android.security.keystore.KeyProperties
import android.security.keystore.StrongBoxUnavailableException
import android.security.keystore.UserNotAuthenticatedException
import gridfold.KeyStore
import gridfold.KeyStoreException
import java.security.GeneralSecurityException
import java.security.InvalidKeyException
import java.security.KeyStore.getInstance
import java.security.UnrecoverableKeyException
import javax.crypto.AEADBadTagException
import javax.crypto.Cipher
import javax.crypto.KeyGenerator
import javax.crypto.SecretKey
import javax.crypto.spec.GCMParameterSpec

/**
 * Wraps the store's key with an AES-256 key that never leaves the Android Keystore: in StrongBox
 * where the phone has one, else in its trusted environment.
 *
 * The key does not ask for the person each time, since syncing runs in the background; the phone's
 * file encryption keeps it unusable until the first unlock after a start. It is not in backups, so a
 * restored backup of the store does not open: the phone is enrolled again.
 *
 * What `wrap` gives: 12 bytes of nonce, then the ciphertext with its tag of 16 bytes.
 *
 * @param alias the key's name among the app's keys; one for each store.
 */
public class AndroidKeyStore(private val alias: String = "gridfold") : KeyStore {
    override fun wrap(key: ByteArray): ByteArray = guarded {
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.ENCRYPT_MODE, present() ?: made())
        cipher.iv + cipher.doFinal(key)
    }

    override fun unwrapKey(wrapped: ByteArray): ByteArray = guarded {
        // Making a new key here would hide that the old one is gone.
        val key = present() ?: throw KeyStoreException.KeyLost()
        if (wrapped.size <= NONCE_BYTES) throw KeyStoreException.KeyLost()
        val cipher = Cipher.getInstance(TRANSFORMATION)
        cipher.init(Cipher.DECRYPT_MODE, key, GCMParameterSpec(TAG_BITS, wrapped, 0, NONCE_BYTES))
        cipher.doFinal(wrapped, NONCE_BYTES, wrapped.size - NONCE_BYTES)
    }

    private fun present(): SecretKey? =
        getInstance(PROVIDER).apply { load(null) }.getKey(alias, null) as SecretKey?

    private fun made(): SecretKey =
        if (Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) {
            try {
                generate(strongBox = true)
            } catch (_: StrongBoxUnavailableException) {
                generate(strongBox = false)
            }
        } else {
            generate(strongBox = false)
        }

    private fun generate(strongBox: Boolean): SecretKey {
        val spec =
            KeyGenParameterSpec.Builder(
                    alias,
                    KeyProperties.PURPOSE_ENCRYPT or KeyProperties.PURPOSE_DECRYPT,
                )
                .setKeySize(256)
                .setBlockModes(KeyProperties.BLOCK_MODE_GCM)
                .setEncryptionPaddings(KeyProperties.ENCRYPTION_PADDING_NONE)
        if (strongBox && Build.VERSION.SDK_INT >= Build.VERSION_CODES.P) spec.setIsStrongBoxBacked(true)
        val generator = KeyGenerator.getInstance(KeyProperties.KEY_ALGORITHM_AES, PROVIDER)
        generator.init(spec.build())
        return generator.generateKey()
    }

    private inline fun guarded(work: () -> ByteArray): ByteArray =
        try {
            work()
        } catch (known: KeyStoreException) {
            throw known
        } catch (_: KeyPermanentlyInvalidatedException) {
            throw KeyStoreException.KeyLost()
        } catch (_: UnrecoverableKeyException) {
            throw KeyStoreException.KeyLost()
        } catch (_: AEADBadTagException) {
            throw KeyStoreException.KeyLost()
        } catch (_: UserNotAuthenticatedException) {
            throw KeyStoreException.Unavailable()
        } catch (_: InvalidKeyException) {
            // The keystore's service is busy or not up yet.
            throw KeyStoreException.Unavailable()
        } catch (_: GeneralSecurityException) {
            throw KeyStoreException.Failed()
        }

    private companion object {
        const val PROVIDER = "AndroidKeyStore"
        const val TRANSFORMATION = "AES/GCM/NoPadding"
        const val NONCE_BYTES = 12
        const val TAG_BITS = 128
    }
}
