/*
 * Who may run, of a pair without a witness: fences and persisted promises decide. The states are those of
 * who-may-run.pml; CLAIMING asks a fence instead of a witness. A fence is one act: the other host is verified off.
 */

#ifndef EPOCHS
#define EPOCHS 3
#endif
#ifndef COPIES
#define COPIES 2
#endif
#ifndef CRASHES
#define CRASHES 2
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#ifndef DOUBTS
#define DOUBTS 2
#endif

mtype:primary = { P_RETURNING, P_ALONE, P_COVERING, P_PROTECTED, P_HOLDING, P_CLAIMING };
mtype:backup = { B_EMPTY, B_STANDBY, B_LOADING, B_CLAIMING, B_ACTIVATING };
mtype:word = { SEED, EPOCH, ACK, ASK, PROMISE };

#define other(h) (1 - (h))

/* on disk */
mtype:primary p[2];
mtype:backup b[2];
byte hist[2];           /* last epoch in this host's guest, copy or disk */
byte inc[2];            /* last incarnation sent or received */
byte reign[2];          /* takeovers up to this host's state: of two that were primary, the higher one is right */
/* in memory */
bool whole[2];          /* primary: the guest lives; backup: the copy is complete */

bool up[2] = true;
bool returns[2] = true;
bool linked = true;
bool fence[2] = true;   /* host h can reach the switch that turns the other one off */
byte crashes = CRASHES, losses = LOSSES, doubts = DOUBTS;
byte nonce;

#define ALL 255
hidden byte TWO_SPEAK, SEEN_OUTPUT_IS_LOST, LOST_OUTPUT_LEAVES, GRANT_BROKEN, NOT_SERVED;
byte released;
byte valid[2] = ALL;

chan toHost[2] = [2] of { byte, byte, byte };
hidden byte x, y, z, xx, yy, zz;

#define peerUp(h)   (up[other(h)] && linked)
#define speaks(h)   (p[h] == P_ALONE)
#define hearsPrimary(h) (peerUp(h) && inc[other(h)] == inc[h] && \
    (p[other(h)] == P_PROTECTED || p[other(h)] == P_HOLDING || p[other(h)] == P_COVERING))
#define hearsBackup(h) (peerUp(h) && inc[other(h)] == inc[h] && b[other(h)] == B_STANDBY)
#define quiet       (len(toHost[0]) + len(toHost[1]) == 0)
#define mayPromise(h) (b[h] == B_EMPTY || b[h] == B_STANDBY || b[h] == B_LOADING)

inline take(c) {
    c?x,y,z;
    if
    :: true
    :: nempty(c) -> c?xx,yy,zz; c!x,y,z; x = xx; y = yy; z = zz
    fi
}

inline tell(h, word, i, n) {
    if
    :: linked && (up[h] || returns[h]) && len(toHost[h]) < 2 -> toHost[h]!word,i,n
    :: !(linked && (up[h] || returns[h]) && len(toHost[h]) < 2)
    fi
}

inline drop(h) {
    do
    :: len(toHost[h]) > 0 -> toHost[h]?_,_,_
    :: len(toHost[h]) == 0 -> break
    od
}

inline release(h, n) {
    assert(n <= valid[h] || LOST_OUTPUT_LEAVES);
    if
    :: n > released -> released = n
    :: else
    fi
}

inline open(h) {
    assert(!speaks(other(h)) || TWO_SPEAK);
    assert(hist[h] >= released || SEEN_OUTPUT_IS_LOST);
    if
    :: hist[h] < valid[other(h)] -> valid[other(h)] = hist[h]
    :: else
    fi;
    release(h, hist[h])
}

inline agentDies(h) {
    up[h] = false;
#ifndef MUTANT_SEED_OUTLIVES_ITS_CONNECTION
    drop(h);                                    /* its sockets die with it */
#endif
    if
    :: p[h] != 0 -> p[h] = P_RETURNING
    :: b[h] == B_LOADING -> b[h] = B_STANDBY
    :: b[h] == B_ACTIVATING -> b[h] = B_CLAIMING
    :: else
    fi
}

inline hostDies(h) {
    agentDies(h);
    whole[h] = false;
    if
#ifdef MUTANT_REBOOTED_CLAIMS
    :: b[h] == B_STANDBY -> whole[h] = true; hist[h] = 0
#endif
    :: b[h] != 0 -> b[h] = B_EMPTY
    :: else
    fi
}

inline mayStayDown(h) {
    if
    :: true
    :: returns[h] = false; drop(h)
    fi
}

/* The fence: off, and verified to be. It stays off, or its owner turns it on again. */
inline turnOff(h) {
    if
#ifdef MUTANT_FENCE_LIES
    :: true
#endif
    :: up[h] || returns[h] || whole[h] -> hostDies(h); mayStayDown(h)
    :: !(up[h] || returns[h] || whole[h])
    fi
}

inline becomeBackup(h) { p[h] = 0; b[h] = B_EMPTY; whole[h] = false }

proctype host(bit h) {
end:
    do
    :: atomic { !up[h] && returns[h] -> up[h] = true }

    /* - - - primary - - - */
    :: atomic { up[h] && p[h] == P_ALONE && hist[h] < EPOCHS -> hist[h]++; release(h, hist[h]) }
    :: atomic { up[h] && p[h] == P_ALONE && hist[h] < EPOCHS && nonce < COPIES && peerUp(h) && b[other(h)] != 0 &&
            nfull(toHost[other(h)]) ->
        hist[h]++; nonce++; inc[h] = nonce; p[h] = P_COVERING; tell(other(h), SEED, inc[h], hist[h]) }
    /* from here on a copy may be complete: without the backup's promise, or its end, there is no way back */
    :: atomic { up[h] && p[h] == P_COVERING && (quiet || doubts > 0) ->
        if
        :: quiet
        :: !quiet -> doubts--
        fi;
#ifdef MUTANT_REOPENS
        p[h] = P_ALONE; release(h, hist[h])
#else
        p[h] = P_HOLDING
#endif
        }
    :: atomic { up[h] && p[h] == P_PROTECTED && hist[h] < EPOCHS && nfull(toHost[other(h)]) ->
        hist[h]++; tell(other(h), EPOCH, inc[h], hist[h]) }
    :: atomic { up[h] && (p[h] == P_PROTECTED || p[h] == P_HOLDING) && released < hist[h] && hearsBackup(h) && quiet ->
        tell(other(h), EPOCH, inc[h], released + 1) }
    :: atomic { up[h] && p[h] == P_PROTECTED && (!hearsBackup(h) || doubts > 0) ->
        if
        :: !hearsBackup(h)
        :: else -> doubts--
        fi;
        p[h] = P_HOLDING }
    :: atomic { up[h] && p[h] == P_HOLDING && hearsBackup(h) -> p[h] = P_PROTECTED }
#ifdef MUTANT_OPENS_UNFENCED
    :: atomic { up[h] && p[h] == P_HOLDING && !hearsBackup(h) -> open(h); p[h] = P_ALONE }
#endif
    /* A guest that lives was never fenced, so no backup has run: its primary may fence. A rebooted one may not. */
#ifdef MUTANT_REBOOTED_FENCES
    :: atomic { up[h] && (p[h] == P_HOLDING || p[h] == P_RETURNING) && fence[h] -> p[h] = P_CLAIMING }
#else
    :: atomic { up[h] && (p[h] == P_HOLDING || p[h] == P_RETURNING) && whole[h] && fence[h] -> p[h] = P_CLAIMING }
#endif
    :: atomic { up[h] && p[h] == P_CLAIMING && fence[h] ->
        turnOff(other(h)); open(h); whole[h] = true; p[h] = P_ALONE }
    :: atomic { up[h] && p[h] == P_RETURNING && peerUp(h) && p[other(h)] != 0 && reign[other(h)] > reign[h] -> becomeBackup(h) }
    :: atomic { up[h] && p[h] == P_RETURNING && peerUp(h) && p[other(h)] != 0 && reign[other(h)] < reign[h] &&
            p[other(h)] == P_RETURNING && !whole[other(h)] -> becomeBackup(other(h)) }
    :: atomic { up[h] && (p[h] == P_RETURNING || p[h] == P_CLAIMING || (p[h] == P_HOLDING && !hearsBackup(h))) && peerUp(h) &&
            mayPromise(other(h)) && quiet ->
        tell(other(h), ASK, inc[h], 0) }

    /* - - - backup - - - */
    :: atomic { up[h] && b[h] == B_STANDBY && (!hearsPrimary(h) || doubts > 0) ->
        if
        :: !hearsPrimary(h)
        :: else -> doubts--
        fi;
        b[h] = B_LOADING }
    :: atomic { up[h] && b[h] == B_LOADING && hearsPrimary(h) -> b[h] = B_STANDBY }
    :: atomic { up[h] && b[h] == B_LOADING && fence[h] -> b[h] = B_CLAIMING }
    :: atomic { up[h] && b[h] == B_CLAIMING && fence[h] -> turnOff(other(h)); b[h] = B_ACTIVATING }
    :: atomic { up[h] && b[h] == B_ACTIVATING ->
        open(h); reign[h]++; b[h] = 0; p[h] = P_ALONE }

    /* - - - either: a message - - - */
    :: atomic { up[h] && nempty(toHost[h]) ->
        take(toHost[h]);
        if
        :: x == ACK && p[h] == P_COVERING && y == inc[h] && z == hist[h] -> p[h] = P_PROTECTED; release(h, z)
        :: x == ACK && (p[h] == P_PROTECTED || p[h] == P_HOLDING) && y == inc[h] -> release(h, z)
        :: x == PROMISE && p[h] != 0 && p[h] != P_ALONE && y == inc[h] -> open(h); whole[h] = true; p[h] = P_ALONE
        :: x == SEED && mayPromise(h) && y > inc[h] ->
            b[h] = B_STANDBY; whole[h] = true; inc[h] = y; hist[h] = z; valid[h] = ALL; reign[h] = reign[other(h)];
            tell(other(h), ACK, y, z)
        :: x == EPOCH && b[h] == B_STANDBY && y == inc[h] && z <= hist[h] + 1 ->
            if
            :: z > hist[h] -> hist[h] = z
            :: else
            fi;
            tell(other(h), ACK, y, hist[h])
#ifdef MUTANT_PROMISES_DESPITE_CLAIM
        :: x == ASK && b[h] == B_CLAIMING -> tell(other(h), PROMISE, y, 0)
#endif
        :: x == ASK && mayPromise(h) ->
            b[h] = B_EMPTY; whole[h] = false;
            if
            :: y > inc[h] -> inc[h] = y
            :: else
            fi;
            tell(other(h), PROMISE, y, 0)
        :: else
        fi;
        x = 0; y = 0; z = 0 }
    od
}

proctype faults() {
    bit h;
    do
    :: atomic { crashes > 0 -> crashes--;
        if
        :: h = 0
        :: h = 1
        fi;
        if
        :: up[h] -> agentDies(h); mayStayDown(h)
        :: hostDies(h); mayStayDown(h)
        :: up[h] && whole[h] ->
            whole[h] = false;
            if
            :: p[h] != 0 -> p[h] = P_RETURNING
            :: b[h] == B_STANDBY || b[h] == B_LOADING -> b[h] = B_EMPTY
            :: else
            fi
        :: linked -> linked = false; drop(0); drop(1)
        :: fence[h] -> fence[h] = false
        fi;
        h = 0 }
    :: atomic { losses > 0 && nempty(toHost[0]) -> losses--; take(toHost[0]) }
    :: atomic { losses > 0 && nempty(toHost[1]) -> losses--; take(toHost[1]) }
    :: atomic { true -> crashes = 0; losses = 0; doubts = 0; break }
    od
}

#define served(h) (speaks(h) || (p[h] == P_PROTECTED && hearsBackup(h) && released == hist[h]))
/* A whole guest or copy whose host can turn the other one off, or two hosts that talk. */
#define couldRun(h) (up[h] && whole[h] && fence[h])
#define couldGoOn   (up[0] && up[1] && linked && b[0] != B_CLAIMING && b[1] != B_CLAIMING)

active proctype atLast() {
end:
    timeout ->
    assert(served(0) || served(1) || !(couldRun(0) || couldRun(1) || couldGoOn) || NOT_SERVED)
}

init {
    atomic {
        p[0] = P_ALONE; whole[0] = true;
        b[1] = B_EMPTY;
        run host(0); run host(1); run faults()
    }
}
